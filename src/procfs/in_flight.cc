#include "procfs/in_flight.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <vector>

#include "procfs/child_answers.h"
#include "procfs/descriptor_copy.h"
#include "procfs/read.h"

namespace rm {
namespace {

constexpr std::chrono::milliseconds kPatience{1000};
constexpr size_t kMostOfMessage = 253;  // unix(7)
constexpr size_t kOtherParts = 256;     // bytes
constexpr char kNone[] = "none";

bool MayBeOne(int fd, const TargetSet& targets) {
  struct statx found {};
  if (StatOpened(fd, STATX_TYPE | STATX_INO | STATX_BTIME, found)) return true;
  const bool is_file =
      S_ISREG(found.stx_mode) || S_ISDIR(found.stx_mode) || S_ISCHR(found.stx_mode);
  bool is_one = !is_file && !S_ISFIFO(found.stx_mode);
  targets.ForFound(found, [&](const FileTarget&) { is_one = true; });
  targets.ForDevice(found, [&](const FileTarget&) { is_one = true; });
  return is_one;
}

// The message stays where it is. Who looks into his messages one after the other (SO_PEEK_OFF)
// would be moved on by our look. All is closed again before the answer: until then we use it, too.
bool SeesNone(pid_t tid, int fd, uint64_t socket, uint64_t count, const TargetSet& targets) {
  UniqueFd copy;
  struct statx found {};
  if (CopyDescriptor(tid, fd, copy) || StatOpened(copy.get(), STATX_INO | STATX_TYPE, found) ||
      !S_ISSOCK(found.stx_mode) || found.stx_ino != socket) {
    return false;
  }
  int offset = -1;
  socklen_t size = sizeof offset;
  if (getsockopt(copy.get(), SOL_SOCKET, SO_PEEK_OFF, &offset, &size) || offset >= 0) return false;
  char byte = 0;
  iovec content{&byte, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMostOfMessage * sizeof(int)) + kOtherParts> control;
  msghdr message{};
  message.msg_iov = &content;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  if (recvmsg(copy.get(), &message, MSG_PEEK | MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0) return false;
  std::vector<UniqueFd> sent;
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    for (size_t at = 0; at + sizeof(int) <= part->cmsg_len - CMSG_LEN(0); at += sizeof(int)) {
      int fd_sent = -1;
      std::memcpy(&fd_sent, CMSG_DATA(part) + at, sizeof fd_sent);
      sent.emplace_back(fd_sent);
    }
  }
  return !(message.msg_flags & MSG_CTRUNC) && sent.size() == count &&
         std::ranges::none_of(sent,
                              [&](const UniqueFd& one) { return MayBeOne(one.get(), targets); });
}

}  // namespace

std::optional<bool> MayHaveInFlight(pid_t tid, int fd, uint64_t socket, uint64_t count,
                                    const TargetSet& targets) {
  ChildQuestions questions;
  questions.count = 1;
  questions.answer = [&](size_t) -> std::string {
    return SeesNone(tid, fd, socket, count, targets) ? kNone : "";
  };
  const auto answers = AnswersFromChild(questions, kPatience);
  if (!answers || !answers->front()) return std::nullopt;
  return answers->front() != kNone;
}

}  // namespace rm
