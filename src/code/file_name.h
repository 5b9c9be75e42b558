// What is at this name, as a process sees it? Never waits for a server, never mounts anything.
#pragma once

#include <sys/stat.h>

#include <map>
#include <memory>
#include <string>

#include "base/unique_fd.h"
#include "code/mount_table.h"

namespace rm {

// errno of a name that was not looked at because that could block.
inline constexpr int kNotLooked = -1;

struct Named {
  int error = 0;  // 0, an errno, or kNotLooked
  struct statx object {};
};

// A root directory and the mounts below it. Answers are kept: the moment of the first question
// counts.
class RootView {
 public:
  // `kind`: of the mount that the root is a folder of, which its table need not show.
  RootView(UniqueFd root, const struct statx& status, MountTable mounts, MountTable::Kind kind)
      : root_(std::move(root)), status_(status), mounts_(std::move(mounts)), kind_(kind) {}

  const Named& Look(const std::string& path);
  const MountTable& mounts() const { return mounts_; }
  // That which the root is a folder of, by its number.
  uint64_t mount() const { return status_.stx_mnt_id; }
  bool HoldsFiles(uint64_t mount_id) const {
    return mounts_.HoldsFiles(mount_id) || (mount_id == mount() && kind_.holds_files);
  }
  bool is_removed() const { return status_.stx_nlink == 0; }
  // Descriptor (O_PATH) of the object that Look found; invalid if it is another one by now.
  UniqueFd Open(const std::string& path);

 private:
  int Resolve(const std::string& path, UniqueFd& object) const;
  int ReadLocalLink(const std::string& path, std::string& target) const;

  UniqueFd root_;
  struct statx status_;
  MountTable mounts_;
  MountTable::Kind kind_;
  std::map<std::string, Named, std::less<>> known_;
};

// The root of the process; null when it may not be looked at. `process_directory` is /proc/PID.
// `ours`: what is mounted where we are, if that is known.
std::unique_ptr<RootView> OpenRoot(int process_directory, const MountTable* ours);

// By device, inode and, where both have one, birth time.
bool IsSameFile(const struct statx& a, const struct statx& b);

}  // namespace rm
