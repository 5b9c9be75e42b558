#include "base/unix_sockets.h"

#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "base/unique_fd.h"

namespace rm {
namespace {

constexpr size_t kBuffer = 32 << 10;

UniqueFd Ask(uint32_t states, uint32_t show) {
  UniqueFd asked(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  struct {
    nlmsghdr head;
    unix_diag_req request;
  } question{};
  question.head.nlmsg_len = sizeof question;
  question.head.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  question.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  question.request.sdiag_family = AF_UNIX;
  question.request.udiag_states = states;
  question.request.udiag_show = show;
  if (!asked || send(asked.get(), &question, sizeof question, 0) < 0) return UniqueFd();
  return asked;
}

}  // namespace

bool ForEachUnixSocket(uint32_t states, uint32_t show,
                       const std::function<void(const unix_diag_msg&, const rtattr&)>& look) {
  const UniqueFd asked = Ask(states, show);
  std::vector<char> buffer(kBuffer);
  while (asked) {
    const ssize_t got = recv(asked.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    auto left = static_cast<unsigned>(got);
    for (auto* head = reinterpret_cast<nlmsghdr*>(buffer.data()); NLMSG_OK(head, left);
         head = NLMSG_NEXT(head, left)) {
      if (head->nlmsg_type == NLMSG_DONE) return true;
      if (head->nlmsg_type != SOCK_DIAG_BY_FAMILY) return false;
      const auto* told = static_cast<const unix_diag_msg*>(NLMSG_DATA(head));
      auto more = static_cast<unsigned>(head->nlmsg_len - NLMSG_LENGTH(sizeof *told));
      for (auto* at = reinterpret_cast<const rtattr*>(told + 1); RTA_OK(at, more);
           at = RTA_NEXT(at, more))
        look(*told, *at);
    }
  }
  return false;
}

}  // namespace rm
