#include "procfs/proc_tree.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/win32_codes.h"
#include "procfs/read.h"

namespace rm {

Result<ProcTree> ProcTree::Open(const std::string& directory) {
  UniqueFd fd(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) {
    return Fail(kAccessDenied, "Cannot read {}: {}. Mount a procfs there.", directory,
                strerror(errno));
  }
  struct statfs fs {};
  std::string self;
  const bool live = fstatfs(fd.get(), &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC &&
                    ReadLinkAt(fd.get(), "self", self) == 0 && self == std::to_string(getpid());
  return ProcTree(std::move(fd), live);
}

Result<ProcTree> ProcTree::Clone() const {
  UniqueFd fd(fcntl(fd_.get(), F_DUPFD_CLOEXEC, 0));
  if (!fd) return Fail(kOutOfMemory, "Cannot open /proc once more: {}.", strerror(errno));
  return ProcTree(std::move(fd), live_);
}

}  // namespace rm
