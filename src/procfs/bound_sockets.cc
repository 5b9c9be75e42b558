#include "procfs/bound_sockets.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/sockios.h>
#include <linux/un.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <future>
#include <string>
#include <system_error>
#include <vector>

#include "base/device_number.h"
#include "base/unix_sockets.h"
#include "procfs/descriptor_copy.h"
#include "procfs/namespaces.h"
#include "procfs/read.h"

#ifndef SIOCUNIXFILE
#define SIOCUNIXFILE (SIOCPROTOPRIVATE + 0)
#endif

namespace rm {
BoundSockets::BoundSockets(const ProcTree& proc, const TargetSet& targets,
                           std::span<const pid_t> pids) {
  const auto is_socket = [](const FileTarget& target) { return S_ISSOCK(target.identity.mode); };
  if (!proc.live() || std::ranges::none_of(targets.targets(), is_socket)) return;
  wanted_ = true;
  AskHere(targets);
  const std::vector<pid_t> others = OneOfEachOther(proc, pids, "net");
  if (others.empty()) return;
  // A thread can be in a network namespace of its own.
  const auto ask_there = [&] {
    for (const pid_t pid : others) {
      const std::string link = fmt::format("{}/ns/net", pid);
      const UniqueFd space(openat(proc.fd(), link.c_str(), O_RDONLY | O_CLOEXEC));
      if (space && setns(space.get(), CLONE_NEWNET) == 0) AskHere(targets);
    }
  };
  try {
    std::async(std::launch::async, ask_there).get();
  } catch (const std::system_error&) {
    // A limit on threads: what is bound there is not told.
  }
}

void BoundSockets::AskHere(const TargetSet& targets) {
  ForEachUnixSocket(~0u, UDIAG_SHOW_VFS, [&](const unix_diag_msg& told, const rtattr& attribute) {
    told_.insert(told.udiag_ino);
    unix_diag_vfs file{};
    if (attribute.rta_type != UNIX_DIAG_VFS || RTA_PAYLOAD(&attribute) < sizeof file) return;
    std::memcpy(&file, RTA_DATA(&attribute), sizeof file);
    if (!targets.MayHave(file.udiag_vfs_ino)) return;
    files_.emplace(told.udiag_ino, File{DeviceFromKernel(file.udiag_vfs_dev), file.udiag_vfs_ino});
  });
}

int OpenBoundFile(pid_t tid, int fd, uint64_t socket, UniqueFd& file) {
  UniqueFd copy;
  if (const int error = CopyDescriptor(tid, fd, copy)) return error;
  struct statx found {};
  if (const int error = StatOpened(copy.get(), STATX_INO | STATX_TYPE, found)) return error;
  if (!S_ISSOCK(found.stx_mode) || found.stx_ino != socket) return ESRCH;  // closed meanwhile
  file.Reset(ioctl(copy.get(), SIOCUNIXFILE));
  return file ? 0 : errno;
}

}  // namespace rm
