// How are the files of /proc read? Relative to a directory, with a cap, never following a link.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "model/resource.h"

namespace rm {

inline constexpr size_t kSmallFile = 1 << 20;  // a status names up to 65,536 groups
inline constexpr char kDeletedSuffix[] = " (deleted)";

// These return 0 or an errno. A directory /proc/PID that was opened stays that process: once it has
// ended everything below fails with ESRCH or ENOENT, even if the pid is used again.
int OpenDirectoryAt(int directory, const char* name, UniqueFd& opened);
// EFBIG when there is more than `cap` bytes.
int ReadFileAt(int directory, const char* name, size_t cap, std::string& text);
int ReadLinkAt(int directory, const char* name, std::string& text);
// The numeric names in a directory, ascending.
int ListNumbers(int directory, std::vector<pid_t>& numbers);
// The object that the (magic) link leads to. Asks no server and mounts nothing, so a dead network
// or FUSE mount does not block it.
int StatAt(int directory, const char* name, unsigned mask, struct statx& found);

// The object of a name, without links on the way, that is in the kernel's cache of names below
// `root`; EAGAIN when it would have to be read. A name in use is in the cache.
int StatCached(int root, const std::string& path, unsigned mask, struct statx& found);
// The same, opened with O_PATH.
int OpenCached(int root, const std::string& path, UniqueFd& object, bool through_links = false);
// What a descriptor is of; asks no server.
int StatOpened(int object, unsigned mask, struct statx& found);

// The process is not there any more.
bool IsGone(int error);
// The caller has run out of descriptors or memory.
bool IsExhausted(int error);
// Of a failure: 14 when exhausted, 5 when the caller may not, 29 for all else.
uint32_t CodeOf(int error);

uint64_t DeviceOf(const struct statx& found);
FileIdentity ToIdentity(const struct statx& found);
// By device and inode; birth times are not compared.
bool IsSameObject(const struct statx& a, const struct statx& b);

// The target of a link like exe or cwd as a path, without the suffix " (deleted)" that the kernel
// adds; `deleted` tells whether it did. A file may really be called so.
int ReadObjectPath(int directory, const char* name, std::string& path, bool& deleted);

}  // namespace rm
