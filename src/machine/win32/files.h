// Which file is behind a name or a handle, and who has handles to it?
#pragma once

#include <windows.h>

#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/win32/handle.h"
#include "machine/win32/processes.h"
#include "model/fact.h"
#include "model/resource.h"

namespace rm {

// Opened for its attributes only: works for a file that others have locked, and locks nothing.
std::optional<FileIdentity> IdentityOf(HANDLE file);
std::optional<FileIdentity> IdentityOf(const std::string& path);

using LookAgain = std::function<std::optional<FileIdentity>()>;

// The files that are looked for: what a path was at registration, and what it is now.
class Targets {
 public:
  explicit Targets(const std::vector<FileResource>& files);

  bool empty() const { return by_object_.empty(); }
  // One of them is a program or a library, or could not be looked into.
  bool any_image() const { return any_image_; }
  // Appends one holding for each registered file that is this object. `again` looks at it once
  // more.
  void Match(const ProcessId& process, const FileIdentity& object, const LookAgain& again,
             HoldKind kind, std::vector<Holding>& holdings) const;

 private:
  struct Target {
    uint32_t file;
    bool previous;
    std::string path;
  };
  std::multimap<std::pair<uint64_t, uint64_t>, Target> by_object_;
  bool any_image_ = false;
};

// Holdings of open handles, of all processes that let their handles be looked at.
std::vector<Holding> FindHandles(const Targets& targets,
                                 const std::map<DWORD, ListedProcess>& processes,
                                 const std::stop_token& cancel);

}  // namespace rm
