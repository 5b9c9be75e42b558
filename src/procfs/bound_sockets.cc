#include "procfs/bound_sockets.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <linux/un.h>
#include <linux/unix_diag.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <future>
#include <string>
#include <system_error>
#include <vector>

#include "procfs/descriptor_copy.h"
#include "procfs/namespaces.h"
#include "procfs/read.h"

#ifndef SIOCUNIXFILE
#define SIOCUNIXFILE (SIOCPROTOPRIVATE + 0)
#endif

namespace rm {
namespace {

constexpr unsigned kMinorBits = 20;  // of a device number inside the kernel
constexpr size_t kBuffer = 32 << 10;

}  // namespace

BoundSockets::BoundSockets(const ProcTree& proc, const TargetSet& targets,
                           std::span<const pid_t> pids) {
  const auto is_socket = [](const FileTarget& target) { return S_ISSOCK(target.identity.mode); };
  if (!proc.live() || std::ranges::none_of(targets.targets(), is_socket)) return;
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
  const UniqueFd asked(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  struct {
    nlmsghdr head;
    unix_diag_req request;
  } question{};
  question.head.nlmsg_len = sizeof question;
  question.head.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  question.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  question.request.sdiag_family = AF_UNIX;
  question.request.udiag_states = ~0u;
  question.request.udiag_show = UDIAG_SHOW_VFS;
  if (!asked || send(asked.get(), &question, sizeof question, 0) < 0) return;
  std::vector<char> buffer(kBuffer);
  for (;;) {
    const ssize_t got = recv(asked.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return;
    auto left = static_cast<unsigned>(got);
    for (auto* head = reinterpret_cast<nlmsghdr*>(buffer.data()); NLMSG_OK(head, left);
         head = NLMSG_NEXT(head, left)) {
      if (head->nlmsg_type != SOCK_DIAG_BY_FAMILY) return;  // the end, or a refusal
      const auto* told = static_cast<const unix_diag_msg*>(NLMSG_DATA(head));
      auto more = static_cast<unsigned>(head->nlmsg_len - NLMSG_LENGTH(sizeof *told));
      for (auto* at = reinterpret_cast<const rtattr*>(told + 1); RTA_OK(at, more);
           at = RTA_NEXT(at, more)) {
        unix_diag_vfs file{};
        if (at->rta_type != UNIX_DIAG_VFS || RTA_PAYLOAD(at) < sizeof file) continue;
        std::memcpy(&file, RTA_DATA(at), sizeof file);
        if (!targets.MayHave(file.udiag_vfs_ino)) continue;
        constexpr uint32_t kMinorMask = (1u << kMinorBits) - 1;
        files_.emplace(told->udiag_ino, File{makedev(file.udiag_vfs_dev >> kMinorBits,
                                                     file.udiag_vfs_dev & kMinorMask),
                                             file.udiag_vfs_ino});
      }
    }
  }
}

int OpenBoundFile(pid_t pid, int fd, uint64_t socket, UniqueFd& file) {
  UniqueFd copy;
  if (const int error = CopyDescriptor(pid, fd, copy)) return error;
  struct statx found {};
  if (const int error = StatOpened(copy.get(), STATX_INO | STATX_TYPE, found)) return error;
  if (!S_ISSOCK(found.stx_mode) || found.stx_ino != socket) return ESRCH;  // closed meanwhile
  file.Reset(ioctl(copy.get(), SIOCUNIXFILE));
  return file ? 0 : errno;
}

}  // namespace rm
