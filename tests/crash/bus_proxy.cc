#include "crash/bus_proxy.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <optional>
#include <utility>

#include "crash/bus_message.h"

namespace rm::test {
namespace {

sockaddr_un Address(const std::string& path) {
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  snprintf(address.sun_path, sizeof address.sun_path, "%s", path.c_str());
  return address;
}

void Require(bool done, const std::string& what) {
  if (done) return;
  perror(what.c_str());
  abort();
}

std::string ProgramOf(int client) {
  ucred peer{};
  socklen_t size = sizeof peer;
  getsockopt(client, SOL_SOCKET, SO_PEERCRED, &peer, &size);
  std::error_code gone;
  return std::filesystem::read_symlink("/proc/" + std::to_string(peer.pid) + "/exe", gone)
      .filename();
}

// One direction of a connection, cut into lines, and into messages once these begin.
class Stream {
 public:
  // False: the other side has closed.
  bool Read(int from) {
    char some[65536];
    const ssize_t size = read(from, some, sizeof some);
    if (size > 0) bytes_.append(some, static_cast<size_t>(size));
    return size > 0;
  }

  std::optional<std::string> Take() {
    const bool message = IsMessage(bytes_);
    const size_t line = bytes_.find('\n');
    const std::optional<size_t> size = message               ? MessageSize(bytes_)
                                       : line != bytes_.npos ? std::optional(line + 1)
                                                             : std::nullopt;
    if (!size) return std::nullopt;
    std::string taken = bytes_.substr(0, *size);
    bytes_.erase(0, *size);
    return taken;
  }

 private:
  std::string bytes_;
};

bool Write(int to, const std::string& bytes) {
  size_t written = 0;
  while (written < bytes.size()) {
    const ssize_t some = send(to, bytes.data() + written, bytes.size() - written, MSG_NOSIGNAL);
    if (some <= 0) return false;
    written += static_cast<size_t>(some);
  }
  return true;
}

}  // namespace

BusProxy::BusProxy(const std::string& socket)
    : socket_(socket), behind_(socket + ".behind"), replaces_(true) {
  Require(rename(socket_.c_str(), behind_.c_str()) == 0, socket_);
  Listen();
}

BusProxy::BusProxy(std::string socket, std::string behind)
    : socket_(std::move(socket)), behind_(std::move(behind)), replaces_(false) {
  Listen();
}

void BusProxy::Listen() {
  listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un address = Address(socket_);
  Require(bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
              listen(listener_, SOMAXCONN) == 0,
          socket_);
  acceptor_ = std::thread([this] { Accept(); });
}

BusProxy::~BusProxy() {
  if (replaces_) rename(behind_.c_str(), socket_.c_str());
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  std::unique_lock lock(mutex_);
  for (const int socket : sockets_) shutdown(socket, SHUT_RDWR);
  ended_.wait(lock, [this] { return sockets_.empty(); });
  close(listener_);
}

void BusProxy::Arm(const BusRequest& request) {
  const std::lock_guard lock(mutex_);
  request_ = request;
  seen_ = 0;
  calls_.clear();
}

std::vector<std::string> BusProxy::Calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

bool BusProxy::reached() const {
  const std::lock_guard lock(mutex_);
  return seen_ >= request_.at;
}

void BusProxy::Accept() {
  for (int client; (client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
    const int manager = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_un address = Address(behind_);
    Require(connect(manager, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0,
            behind_);
    const std::lock_guard lock(mutex_);
    sockets_.insert({client, manager});
    std::thread([this, client, manager] { Relay(client, manager, ProgramOf(client)); }).detach();
  }
}

std::optional<BusTrouble> BusProxy::TroubleOf(const std::string& program,
                                              const std::string& method) {
  const std::lock_guard lock(mutex_);
  if (method.empty() || program != request_.program) return std::nullopt;
  calls_.push_back(method);
  if (method != request_.method || ++seen_ != request_.at) return std::nullopt;
  return request_.trouble;
}

void BusProxy::Relay(int client, int manager, const std::string& program) {
  Stream asked;
  Stream answered;
  bool swallows = false;
  const auto forward = [&](const std::string& piece) {
    const auto trouble = TroubleOf(program, CalledMethod(piece));
    if (trouble == BusTrouble::kHangUp) return false;
    if (trouble == BusTrouble::kRefuse)
      return Write(client, ErrorReply(piece, "org.freedesktop.DBus.Error.Failed", kRefusal));
    swallows = swallows || trouble == BusTrouble::kSwallow;
    return Write(manager, piece);
  };
  const auto back = [&](const std::string& piece) {
    return (!swallows || !IsReply(piece)) && Write(client, piece);
  };
  const auto relay = [](int from, Stream& stream, const auto& pass) {
    if (!stream.Read(from)) return false;
    while (const auto piece = stream.Take())
      if (!pass(*piece)) return false;
    return true;
  };
  pollfd ends[] = {{client, POLLIN, 0}, {manager, POLLIN, 0}};
  for (bool goes_on = true; goes_on;) {
    poll(ends, 2, -1);
    if (ends[0].revents) goes_on = relay(client, asked, forward);
    if (goes_on && ends[1].revents) goes_on = relay(manager, answered, back);
  }
  const std::lock_guard lock(mutex_);
  for (const int socket : {client, manager}) {
    sockets_.erase(socket);
    close(socket);
  }
  ended_.notify_all();
}

}  // namespace rm::test
