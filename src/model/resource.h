// What has the installer registered? Files, processes and services, as they were at registration.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/process.h"

namespace rm {

// The object behind a name. Two names are the same file when dev, ino and btime_ns agree;
// `btime_ns` guards against a reused inode number and is 0 where the file system has no birth time.
struct FileIdentity {
  uint64_t dev = 0;  // makedev(stx_dev_major, stx_dev_minor)
  uint64_t ino = 0;
  int64_t btime_ns = 0;
  uint64_t size = 0;
  int64_t mtime_ns = 0;
  uint32_t mode = 0;     // S_IFMT bits tell a directory
  int64_t ctime_ns = 0;  // when content or attributes were last changed
  uint64_t rdev = 0;     // of a device's node: of which device

  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

// What the file system itself calls an object: the same through every mount of it and, unlike dev
// and ino, through every overlay over it. name_to_handle_at(2).
struct ObjectHandle {
  bool overlay = false;  // the object was reached through an overlay; the handle is of its layer
  std::string id;        // type and bytes
  uint64_t dev = 0;      // of whose file system that is, like FileIdentity::dev; 0: not known

  friend bool operator==(const ObjectHandle&, const ObjectHandle&) = default;
};

// One object below a registered directory. Of its identity only what decides: no size, no mtime_ns.
struct TreeEntry {
  std::string below;  // its path from the directory: "bin/server"
  FileIdentity identity;
  std::vector<ObjectHandle> handles;  // as FileResource's; none where no overlay shows it

  friend bool operator==(const TreeEntry&, const TreeEntry&) = default;
};

// Everything below a directory, also what comes later.
struct Tree {
  bool other_file_systems = false;  // also below what is mounted there
  std::vector<TreeEntry> at_registration;
};

// A name that could not be looked at, and why, for people.
struct Skipped {
  std::string path;
  std::string why;
};

// `path` is absolute, as supplied. None in `at_registration`: it did not exist (or could not be
// reached) then.
struct FileResource {
  std::string path;
  std::vector<std::string> links;  // every symlink followed, in order, absolute; "" path excluded
  std::optional<FileIdentity> at_registration;
  std::optional<Tree> tree;  // the directory was registered with everything below it
  // Its own handle first, then that of the file it was copied up from, without an id if nobody
  // knows which; through an overlay, only if it was copied up without its content. None: the file
  // system has no handles.
  std::vector<ObjectHandle> handles;
  bool unreachable = false;  // its file system did not answer in time; not stored
};

// A unit of the system manager, or of one user's manager.
struct UnitRef {
  std::optional<uid_t> user;
  std::string name;  // with its suffix: "nginx.service"

  friend auto operator<=>(const UnitRef&, const UnitRef&) = default;
};

// Could a unit of systemd have this name?
bool IsUnitName(const std::string& name);

// "nginx" -> nginx.service; "user:1000/app.service" -> app.service of uid 1000. None: malformed.
std::optional<UnitRef> ParseUnitRef(const std::string& text);
// The reverse, always with the suffix.
std::string ToString(const UnitRef& unit);

struct Registration {
  std::vector<FileResource> files;
  std::vector<ProcessId> processes;
  std::vector<UnitRef> services;
};

// Of its files, in their order.
inline std::vector<std::string> Paths(const Registration& registered) {
  std::vector<std::string> paths;
  for (const FileResource& file : registered.files) paths.push_back(file.path);
  return paths;
}

}  // namespace rm
