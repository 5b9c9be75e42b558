#include "x11/become_user.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/openat2.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/unique_fd.h"
#include "base/win32_codes.h"

namespace rm {
namespace {

Result<void> DropTo(uid_t uid, gid_t gid) {
  if (geteuid() == 0 && (setgroups(0, nullptr) != 0 || setresgid(gid, gid, gid) != 0 ||
                         setresuid(uid, uid, uid) != 0))
    return Fail(kAccessDenied, "it is not possible to become user {}: {}", uid, strerror(errno));
  uid_t users[3];
  if (getresuid(&users[0], &users[1], &users[2]) != 0) users[0] = uid + 1;
  for (const uid_t user : users)
    if (user != uid)
      return Fail(kAccessDenied, "only root, or user {} itself, may look at its display", uid);
  if (uid != 0 && setuid(0) == 0) return Fail(kAccessDenied, "user {} can become root again", uid);
  return {};
}

// No magic links, nothing that blocks on opening, nothing of somebody else's. Whoever shares a
// directory with root must not send root to another file either.
UniqueFd OpenOwnFile(const char* path) {
  struct open_how how {};
  how.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  how.resolve = geteuid() == 0 ? RESOLVE_NO_SYMLINKS : RESOLVE_NO_MAGICLINKS;
  UniqueFd file(static_cast<int>(syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how)));
  struct stat found;
  if (!file || fstat(file.get(), &found) != 0 || !S_ISREG(found.st_mode) ||
      found.st_uid != geteuid())
    return {};
  return file;
}

}  // namespace

Result<void> BecomeUser(uid_t uid, gid_t gid) {
  const pid_t parent = getppid();
  if (auto dropped = DropTo(uid, gid); !dropped) return dropped;
  // Forgotten with each change of user, hence now.
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      chdir("/") != 0)
    return Fail(kAccessDenied, "the process cannot be confined: {}", strerror(errno));
  if (getppid() != parent) _exit(0);
  return {};
}

void ChooseAuthority() {
  const char* named = getenv("XAUTHORITY");
  const char* home = getenv("HOME");
  UniqueFd file;
  if (named)
    file = OpenOwnFile(named);
  else if (home)
    file = OpenOwnFile((std::string(home) + "/.Xauthority").c_str());
  // Stays open until the process ends: libXau opens it by this name.
  const std::string name =
      file ? "/proc/self/fd/" + std::to_string(file.Release()) : std::string("/dev/null");
  setenv("XAUTHORITY", name.c_str(), 1);
}

}  // namespace rm
