#include "appside/close_desk.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <string>

namespace rm {
namespace {

constexpr uint32_t kListener = 100;  // lower ones are the numbers of lines
constexpr uint32_t kWake = 101;

// Only listen(2) makes the credentials that the other side sees, so it is done by this process.
int Listen() {
  uint64_t random = 0;
  if (getrandom(&random, sizeof random, 0) != sizeof random) return -1;
  char tail[20];
  std::snprintf(tail, sizeof tail, "%016llx", static_cast<unsigned long long>(random));
  const std::string name = ListenerPrefix(getpid()) + tail;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (listener < 0) return -1;
  if (bind(listener, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      listen(listener, SOMAXCONN) != 0) {
    close(listener);
    return -1;
  }
  return listener;
}

// None: it may not ask.
const ucred* Trusted(int socket, ucred& peer) {
  socklen_t size = sizeof peer;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return nullptr;
  return peer.uid == 0 || peer.uid == getuid() || peer.uid == geteuid() ? &peer : nullptr;
}

std::string OneLine(const char (&text)[RMX_CLOSE_REASON_BYTES]) {
  std::string line(text, strnlen(text, sizeof text));
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line;
}

}  // namespace

CloseDesk::~CloseDesk() {
  Close();
  events_.Close();
  for (Kept& end : wake_) end.Close();
}

bool CloseDesk::Watch(const Kept& kept, uint32_t events, uint32_t number) {
  epoll_event event{};
  event.events = events;
  event.data.u32 = number;
  return epoll_ctl(events_.fd, EPOLL_CTL_ADD, kept.fd, &event) == 0;
}

bool CloseDesk::Open() {
  events_ = Kept::Of(epoll_create1(EPOLL_CLOEXEC));
  int ends[2] = {-1, -1};
  if (events_.fd < 0 ||
      socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
    return false;
  for (int i : {0, 1}) wake_[i] = Kept::Of(ends[i]);
  listener_ = Kept::Of(Listen());
  // Edge-triggered: without a free descriptor nobody can be accepted, and nobody shall spin.
  return listener_.fd >= 0 && Watch(listener_, EPOLLIN | EPOLLET, kListener) &&
         Watch(wake_[0], EPOLLIN, kWake);
}

bool CloseDesk::Wait() const {
  // Not by epoll_wait, to which an edge is shown but once.
  pollfd ready{events_.fd, POLLIN, 0};
  return poll(&ready, 1, -1) >= 0 ? (ready.revents & POLLNVAL) == 0 : errno == EINTR;
}

void CloseDesk::WakeUp() {
  if (wake_[1].still_ours()) (void)!send(wake_[1].fd, "", 1, MSG_NOSIGNAL);
}

void CloseDesk::Pump() {
  epoll_event events[8];
  const int ready = epoll_wait(events_.fd, events, 8, 0);
  for (int i = 0; i < ready; ++i) {
    const uint32_t number = events[i].data.u32;
    if (number == kListener) Accept();
    if (number < lines_.size()) Hear(lines_[number]);
  }
}

void CloseDesk::Accept() {
  while (listener_.still_ours()) {
    const int socket = accept4(listener_.fd, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (socket >= 0)
      Greet(socket);
    else if (errno != ECONNABORTED && errno != EINTR)
      return;
  }
}

void CloseDesk::Greet(int socket) {
  ucred peer{};
  const auto free =
      std::ranges::find_if(lines_, [](const Line& line) { return line.socket.fd < 0; });
  if (free == lines_.end() || !Trusted(socket, peer)) {
    close(socket);
    return;
  }
  *free = Line{};
  free->socket = Kept::Of(socket);
  free->installer = static_cast<DWORD>(peer.pid);
  if (!Watch(free->socket, EPOLLIN, static_cast<uint32_t>(free - lines_.begin())))
    return HangUp(*free);
  Say(*free, kGreeting);
}

void CloseDesk::Say(Line& line, std::string_view text) {
  const std::string bytes = std::string(text) + '\n';
  if (line.socket.still_ours())
    (void)!send(line.socket.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

void CloseDesk::Hear(Line& line) {
  if (!line.socket.still_ours()) return HangUp(line);
  char block[kLongestLine];
  const ssize_t size = recv(line.socket.fd, block, sizeof block, 0);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  const bool goes_on =
      size > 0 && line.lines.Add(std::string_view(block, static_cast<size_t>(size)));
  // The handler may close the desk.
  while (line.socket.fd >= 0) {
    const auto text = line.lines.Next();
    if (!text) break;
    Obey(line, *text);
  }
  if (!goes_on && line.socket.fd >= 0) HangUp(line);
}

void CloseDesk::Obey(Line& line, std::string_view text) {
  RMX_CLOSE_REQUEST request{};
  if (IsLine(text, kQueryLine)) {
    line.queried = true;
    if (Call(request, RMX_CLOSE_QUERY, line)) return Say(line, kYesLine);
    const std::string reason = OneLine(request.szReason);
    Say(line, std::string(kNoLine) + (reason.empty() ? "" : " " + reason));
  } else if (IsLine(text, kEndLine)) {
    line.queried = false;
    if (Call(request, RMX_CLOSE_END, line)) Say(line, kDoneLine);
  } else if (IsLine(text, kOffLine) && line.queried) {
    line.queried = false;
    Call(request, RMX_CLOSE_OFF, line);
  }
}

BOOL CloseDesk::Call(RMX_CLOSE_REQUEST& request, DWORD what, const Line& line) {
  request.cbSize = sizeof request;
  request.dwRequest = what;
  request.dwProcessId = line.installer;
  return handler_(&request, context_);
}

void CloseDesk::HangUp(Line& line) {
  line.socket.Close();
  RMX_CLOSE_REQUEST request{};
  if (std::exchange(line.queried, false)) Call(request, RMX_CLOSE_OFF, line);
}

void CloseDesk::Close() {
  listener_.Close();
  for (Line& line : lines_) line.socket.Close();
}

void CloseDesk::CloseCopies() {
  Close();
  events_.Close();
  for (Kept& end : wake_) end.Close();
}

}  // namespace rm
