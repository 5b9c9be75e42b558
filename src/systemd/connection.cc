#include "systemd/connection.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/unique_fd.h"
#include "base/win32_codes.h"
#include "systemd/manager.h"

namespace rm {
namespace {

// sd-bus keeps 65536 that came while answers were awaited, and fails every call after that.
constexpr uint64_t kMostSignals = 1000;

// What slow answers of a user's manager may cost in all.
constexpr Milliseconds kMostSlow = 3 * kUserCallLimit;
constexpr Milliseconds kPrompt{1000};

// While PID 1 executes itself anew a fresh connection may be cut as well.
constexpr int kMostTries = 10;
constexpr int kNextTry = 5;  // ms

std::string NameOf(std::optional<uid_t> user) {
  return user ? fmt::format("The service manager of user {}", *user)
              : std::string("The system's service manager");
}

// The socket file itself, whatever its directory's owner did to the path: no symlinks, no other
// mount (a FUSE mount there would block us).
Result<UniqueFd> OpenUserSocket(uid_t user) {
  const std::string directory = fmt::format("/run/user/{}", user);
  UniqueFd run(open(directory.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!run) {
    return Fail(kFileNotFound, "{} does not run: {}: {}.", NameOf(user), directory,
                strerror(errno));
  }
  struct open_how how = {};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
  UniqueFd socket(
      static_cast<int>(syscall(SYS_openat2, run.get(), "systemd/private", &how, sizeof how)));
  if (!socket) {
    const bool redirected = errno == ELOOP || errno == EXDEV;
    return Fail(redirected ? kAccessDenied : kFileNotFound, "{} cannot be reached: {}/{}: {}.",
                NameOf(user), directory, "systemd/private", strerror(errno));
  }
  return socket;
}

Result<void> CheckListener(int fd, uid_t expected, std::optional<uid_t> user) {
  struct ucred peer = {};
  socklen_t size = sizeof peer;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 || peer.uid != expected) {
    return Fail(kAccessDenied,
                "{} is not asked: a process of user {} listens on its socket. Look at who replaced "
                "it.",
                NameOf(user), peer.uid);
  }
  return {};
}

uint32_t CodeOf(int error, const sd_bus_error& answer) {
  for (const char* name :
       {"org.freedesktop.systemd1.NoSuchUnit", "org.freedesktop.systemd1.NoSuchJob",
        "org.freedesktop.systemd1.NoSuchProcess", SD_BUS_ERROR_UNKNOWN_OBJECT}) {
    if (sd_bus_error_has_name(&answer, name)) return kFileNotFound;
  }
  if (sd_bus_error_has_name(&answer, "org.freedesktop.systemd1.UnitExists")) return kAlreadyExists;
  switch (error) {
    case ETIMEDOUT:
      return kSemTimeout;
    case EACCES:
    case EPERM:
      return kAccessDenied;
    case EINVAL:
      return kBadArguments;
    case ENOMEM:
      return kOutOfMemory;
    case ESRCH:
      return kFileNotFound;
    default:
      return sd_bus_error_has_name(&answer, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED)
                 ? kAccessDenied
                 : kWriteFault;
  }
}

bool IsDisconnect(int error) {
  return error == ECONNRESET || error == ENOTCONN || error == ESHUTDOWN || error == EPIPE;
}

// `refused`: it executes itself anew, and does not tell when it is back; or it is gone, and its
// socket was left behind.
Result<UniqueFd> TryPrivate(std::optional<uid_t> user, bool& refused) {
  struct sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  UniqueFd file;
  if (user) {
    Result<UniqueFd> opened = OpenUserSocket(*user);
    if (!opened) return opened;
    file = std::move(*opened);
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d", file.get());
  } else {
    snprintf(address.sun_path, sizeof address.sun_path, "/run/systemd/private");
  }
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  // connect(2) waits while the listener's queue is full; a send time-out bounds that (socket(7)).
  const struct timeval timeout = {kUserCallLimit.count() / 1000, 0};
  if (!fd || setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout) < 0 ||
      connect(fd.get(), reinterpret_cast<struct sockaddr*>(&address), sizeof address) < 0) {
    const int error = errno;
    refused = error == ECONNREFUSED;
    const uint32_t code = error == EAGAIN                     ? kSemTimeout
                          : error == EACCES || error == EPERM ? kAccessDenied
                                                              : kFileNotFound;
    return Fail(code, "{} cannot be reached: {}.", NameOf(user), strerror(error));
  }
  Result<void> checked = CheckListener(fd.get(), user.value_or(0), user);
  if (!checked) return Pass(std::move(checked));
  fcntl(fd.get(), F_SETFL, O_NONBLOCK);
  return fd;
}

// A connected stream socket to the manager's own; waits up to `limit` while that refuses, and a
// while for one that `was_there`, and may be about to make its socket anew. 5 when the listener is
// not the manager's user.
Result<UniqueFd> ConnectPrivate(std::optional<uid_t> user, Milliseconds limit, bool was_there) {
  const TimePoint begin = Clock::now();
  while (true) {
    bool refused = false;
    Result<UniqueFd> fd = TryPrivate(user, refused);
    const bool absent = !fd && !refused && fd.error().code == kFileNotFound;
    const Milliseconds patience = refused               ? limit
                                  : absent && was_there ? kUserCallLimit
                                                        : Milliseconds(0);
    if (Clock::now() >= begin + patience) return fd;
    poll(nullptr, 0, kNextTry);
  }
}

// Says -ETIMEDOUT when the other side has taken the connection, and nothing else by `end`: sd-bus
// itself would wait 90 s for that. Who hangs up is found out by the first call.
int AwaitReady(sd_bus* bus, TimePoint end) {
  while (sd_bus_is_ready(bus) == 0) {
    const int progress = sd_bus_process(bus, nullptr);
    if (progress < 0) return 0;
    if (progress > 0) continue;
    const auto left = std::chrono::ceil<std::chrono::microseconds>(end - Clock::now());
    if (left.count() <= 0) return -ETIMEDOUT;
    sd_bus_wait(bus, static_cast<uint64_t>(left.count()));
  }
  return 0;
}

}  // namespace

std::string UnitPath(const std::string& unit) {
  char* path = nullptr;
  if (sd_bus_path_encode("/org/freedesktop/systemd1/unit", unit.c_str(), &path) < 0) return "";
  std::string text(path);
  free(path);
  return text;
}

Result<std::unique_ptr<BusConnection>> BusConnection::Open(std::optional<uid_t> user) {
  if (sd_booted() <= 0) {
    return Fail(kFileNotFound, "This machine was not booted with systemd: it has no units.");
  }
  std::unique_ptr<BusConnection> connection(new BusConnection);
  connection->user_ = user;
  Result<void> opened = connection->Reopen();
  if (!opened) return Pass(std::move(opened));
  return connection;
}

Milliseconds BusConnection::limit() const { return user_ ? kUserCallLimit : kCallLimit; }

Result<void> BusConnection::Reopen() {
  bus_.reset();
  sd_bus* bus = nullptr;
  int error = 0;
  if (user_ || geteuid() == 0) {
    Result<UniqueFd> fd = ConnectPrivate(user_, limit(), generation_ > 0);
    if (fd) {
      error = sd_bus_new(&bus);
      if (error >= 0) error = sd_bus_set_fd(bus, fd->get(), fd->get());
      if (error >= 0) fd->Release();
      if (error >= 0) error = sd_bus_start(bus);
    } else if (user_ || fd.error().code == kAccessDenied) {
      return Pass(std::move(fd));
    } else {
      error = sd_bus_open_system(&bus);
    }
  } else {
    error = sd_bus_open_system(&bus);
  }
  bus_.reset(bus);
  if (error >= 0) {
    error = sd_bus_set_method_call_timeout(
        bus, static_cast<uint64_t>(std::chrono::microseconds(limit()).count()));
  }
  if (error >= 0) error = AwaitReady(bus, Clock::now() + limit());
  if (error < 0) {
    bus_.reset();
    return Fail(error == -ETIMEDOUT                   ? kSemTimeout
                : error == -EACCES || error == -EPERM ? kAccessDenied
                                                      : kFileNotFound,
                "{} cannot be reached: {}.", NameOf(user_), strerror(-error));
  }
  ++generation_;
  return {};
}

void BusConnection::TakeSignals() {
  uint64_t waiting = 0;
  if (sd_bus_get_n_queued_read(bus_.get(), &waiting) < 0 || waiting < kMostSignals) return;
  for (; waiting > 0; --waiting)
    if (sd_bus_process(bus_.get(), nullptr) <= 0) return;
}

Result<Message> BusConnection::Call(const Method& method, const std::string& what) {
  return Call(method, what, [](sd_bus_message*) { return 0; });
}

Result<Message> BusConnection::Call(const Method& method, const std::string& what,
                                    const Arguments& arguments) {
  if (given_up_) {
    return Fail(kSemTimeout, "{} is not asked to {}: it did not answer before.", NameOf(user_),
                what);
  }
  for (int tries = 1;; ++tries) {
    if (lost()) {
      Result<void> reopened = Reopen();
      if (!reopened) {
        given_up_ = user_.has_value();
        return Pass(std::move(reopened));
      }
    }
    TakeSignals();
    sd_bus_message* made = nullptr;
    int error = sd_bus_message_new_method_call(bus_.get(), &made, kDestination, method.path.c_str(),
                                               method.interface, method.name);
    Message call(made);
    if (error >= 0) error = arguments(call.get());
    sd_bus_error answer = {};
    sd_bus_message* reply = nullptr;
    const TimePoint asked = Clock::now();
    if (error >= 0) error = sd_bus_call(bus_.get(), call.get(), 0, &answer, &reply);
    // One that answers just in time each time would cost as much as one that never does.
    if (const auto took = Clock::now() - asked; user_ && took > kPrompt) slow_ += took;
    if (slow_ > kMostSlow) given_up_ = true;
    if (error >= 0) return Message(reply);
    if (IsDisconnect(-error) && tries < kMostTries) {
      sd_bus_error_free(&answer);
      bus_.reset();
      continue;
    }
    if (error == -ETIMEDOUT && user_) given_up_ = true;
    auto failure = Fail(CodeOf(-error, answer), "{} did not {}: {}.", NameOf(user_), what,
                        answer.message ? answer.message : strerror(-error));
    sd_bus_error_free(&answer);
    return failure;
  }
}

namespace {

Result<Message> GetProperty(BusConnection& connection, const std::string& path,
                            const char* interface, const char* name, const char* type) {
  Result<Message> reply = connection.Call(
      {path, kPropertiesInterface, "Get"}, fmt::format("tell {} of {}", name, path),
      [&](sd_bus_message* call) { return sd_bus_message_append(call, "ss", interface, name); });
  if (!reply) return reply;
  const int error = sd_bus_message_enter_container(reply->get(), 'v', type);
  if (error < 0) {
    return Fail(kWriteFault, "The service manager's {} of {} is no {}: {}.", name, path, type,
                strerror(-error));
  }
  return reply;
}

// `Read` is what sd_bus_message_read makes of the type.
template <class Read>
Result<Read> GetBasic(BusConnection& connection, const std::string& path, const char* interface,
                      const char* name, const char* type) {
  Result<Message> reply = GetProperty(connection, path, interface, name, type);
  if (!reply) return Pass(std::move(reply));
  Read value{};
  sd_bus_message_read(reply->get(), type, &value);
  return value;
}

}  // namespace

Result<std::string> BusConnection::GetString(const std::string& path, const char* interface,
                                             const char* name) {
  Result<Message> reply = GetProperty(*this, path, interface, name, "s");
  if (!reply) return Pass(std::move(reply));
  const char* value = "";
  sd_bus_message_read(reply->get(), "s", &value);
  return std::string(value);
}

Result<uint64_t> BusConnection::GetTime(const std::string& path, const char* interface,
                                        const char* name) {
  return GetBasic<uint64_t>(*this, path, interface, name, "t");
}

Result<uint32_t> BusConnection::GetNumber(const std::string& path, const char* interface,
                                          const char* name) {
  return GetBasic<uint32_t>(*this, path, interface, name, "u");
}

}  // namespace rm
