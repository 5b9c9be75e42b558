#include "procfs/in_hands_of.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "procfs/follow_links.h"
#include "procfs/read.h"

namespace rm {

bool IsInHandsOf(const std::string& path, uid_t user) {
  const auto read = [user](const std::string& here, std::string& target) {
    struct statx found {};
    if (statx(AT_FDCWD, here.c_str(), AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_BASIC_STATS,
              &found))
      return errno;
    if (found.stx_uid != 0 && found.stx_uid != user) return EPERM;
    if (S_ISLNK(found.stx_mode)) return ReadLinkAt(AT_FDCWD, here.c_str(), target);
    const bool others_write = found.stx_mode & (S_IWGRP | S_IWOTH);
    return others_write && !(found.stx_mode & S_ISVTX) ? EPERM : EINVAL;
  };
  std::string end;
  return FollowLinks(path, read, end) == 0;
}

}  // namespace rm
