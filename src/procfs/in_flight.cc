#include "procfs/in_flight.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <chrono>
#include <cstring>

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
  return is_one;
}

// The message stays where it is. Who looks into his messages one after the other (SO_PEEK_OFF)
// would be moved on by our look.
bool SeesNone(pid_t pid, int fd, uint64_t socket, uint64_t count, const TargetSet& targets) {
  UniqueFd copy;
  struct statx found {};
  if (CopyDescriptor(pid, fd, copy) || StatOpened(copy.get(), STATX_INO | STATX_TYPE, found) ||
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
  if (recvmsg(copy.get(), &message, MSG_PEEK | MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0 ||
      message.msg_flags & MSG_CTRUNC) {
    return false;
  }
  uint64_t seen = 0;
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    for (size_t at = 0; at + sizeof(int) <= part->cmsg_len - CMSG_LEN(0); at += sizeof(int)) {
      int sent = -1;
      std::memcpy(&sent, CMSG_DATA(part) + at, sizeof sent);
      if (MayBeOne(sent, targets)) return false;
      ++seen;
    }
  }
  return seen == count;
}

}  // namespace

std::optional<bool> MayHaveInFlight(pid_t pid, int fd, uint64_t socket, uint64_t count,
                                    const TargetSet& targets) {
  ChildQuestions questions;
  questions.count = 1;
  questions.answer = [&](size_t) -> std::string {
    return SeesNone(pid, fd, socket, count, targets) ? kNone : "";
  };
  const auto answers = AnswersFromChild(questions, kPatience);
  if (!answers || !answers->front()) return std::nullopt;
  return answers->front() != kNone;
}

}  // namespace rm
