#include "apps/conversation.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

namespace rm {
namespace {

constexpr size_t kMostBytes = 64 << 10;  // that an application may say in all
constexpr size_t kLongestReason = 200;

// -1 and EAGAIN: there is somebody, who accepts nobody.
UniqueFd Connect(const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (name.size() >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return {};
  }
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  if (socket && connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) {
    const int error = errno;
    socket.Reset();
    errno = error;
  }
  return socket;
}

// The credentials are of the one that called listen(2).
bool IsFrom(int socket, pid_t pid) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.pid == pid;
}

// It is shown to people, on their terminals.
std::string Printable(std::string_view text) {
  std::string printable(text.substr(0, kLongestReason));
  // No half of a character of UTF-8.
  while (printable.size() < text.size() && !printable.empty() &&
         (static_cast<unsigned char>(text[printable.size()]) & 0xc0) == 0x80)
    printable.pop_back();
  std::replace_if(
      printable.begin(), printable.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; },
      '?');
  return printable;
}

}  // namespace

std::optional<Conversation> Conversation::Begin(const ProcessId& process,
                                                const Listeners& listeners) {
  const auto address = listeners.Of(process);
  if (!address) return std::nullopt;
  UniqueFd socket = Connect(*address);
  if (!socket && errno != EAGAIN) return std::nullopt;
  // Looked at again: the address may have changed hands before the connection was made.
  if (socket && (!IsFrom(socket.get(), process.pid) || listeners.Of(process) != address))
    return std::nullopt;
  return Conversation(std::move(socket));
}

void Conversation::Say(std::string_view line) {
  if (over()) return;
  const std::string text = std::string(line) + '\n';
  const ssize_t sent = send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent != static_cast<ssize_t>(text.size())) socket_.Reset();
}

// To close a socket with something unread in it takes from the other side what it has not read.
void Conversation::Off() {
  Say(kOffLine);
  if (over()) return;
  shutdown(socket_.get(), SHUT_RD);
  char block[4096];
  for (size_t left = kMostBytes; left > 0; left -= sizeof block)
    if (recv(socket_.get(), block, sizeof block, MSG_DONTWAIT) <= 0) break;
  socket_.Reset();
}

void Conversation::Receive() {
  char block[4096];
  const ssize_t size = recv(socket_.get(), block, sizeof block, MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size > 0) received_ += static_cast<size_t>(size);
  if (size <= 0 || received_ > kMostBytes ||
      !lines_.Add(std::string_view(block, static_cast<size_t>(size))))
    socket_.Reset();
}

void Conversation::HangUp() {
  socket_.Reset();
  lines_ = {};
}

std::optional<Saying> Conversation::Understand(const std::string& line) {
  if (!greeted_) {
    greeted_ = IsLine(line, kGreeting);
    if (!greeted_) HangUp();
    return std::nullopt;
  }
  if (IsLine(line, kYesLine)) return Saying{Word::kYes, ""};
  if (IsLine(line, kDoneLine)) return Saying{Word::kDone, ""};
  if (IsLine(line, kNoLine))
    return Saying{Word::kNo, Printable(line.size() > kNoLine.size() + 1
                                           ? std::string_view(line).substr(kNoLine.size() + 1)
                                           : std::string_view())};
  return std::nullopt;
}

std::optional<Saying> Conversation::Hear() {
  if (!over()) Receive();
  while (auto line = lines_.Next())
    if (auto saying = Understand(*line)) return saying;
  return std::nullopt;
}

}  // namespace rm
