#include "apps/window_line.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "apps/ask.h"
#include "apps/spawn_actions.h"
#include "base/win32_codes.h"

namespace rm {

Result<WindowLine> WindowLine::Start(const std::string& program, const DisplayAccess& access) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
    return Fail(kOutOfMemory, "no socket for {}: {}", program, strerror(errno));
  UniqueFd ours(ends[0]);
  const UniqueFd theirs(ends[1]);
  fcntl(theirs.get(), F_SETFL, 0);
  std::string words[] = {"rm-windows", std::to_string(access.uid), std::to_string(access.gid)};
  std::vector<std::string> variables{"DISPLAY=" + access.display};
  if (!access.authority.empty()) variables.push_back("XAUTHORITY=" + access.authority);
  if (!access.home.empty()) variables.push_back("HOME=" + access.home);
  std::vector<char*> arguments, environment;
  for (std::string& word : words) arguments.push_back(word.data());
  for (std::string& variable : variables) environment.push_back(variable.data());
  arguments.push_back(nullptr);
  environment.push_back(nullptr);

  SpawnActions actions;
  // dup2 of a number onto itself would keep it closed on exec.
  actions.Duplicate(theirs.get(), STDERR_FILENO);
  actions.Duplicate(STDERR_FILENO, STDIN_FILENO);
  for (int fd : {STDOUT_FILENO, STDERR_FILENO}) actions.OpenNull(fd);
  actions.CloseFrom(3);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  // A group of its own: what a terminal sends to the caller's is not meant for it.
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  pid_t child = 0;
  const int failed = posix_spawn(&child, program.c_str(), actions.get(), &attributes,
                                 arguments.data(), environment.data());
  posix_spawnattr_destroy(&attributes);
  if (failed != 0)
    return Fail(kAccessDenied, "{} cannot be started: {}", program, strerror(failed));
  UniqueFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, child, 0)));
  if (!pidfd) {
    const int error = errno;
    kill(child, SIGKILL);  // nobody has waited for it, so that the number is still its own
    waitpid(child, nullptr, 0);
    return Fail(kOutOfMemory, "{} cannot be watched: {}", program, strerror(error));
  }
  return WindowLine(std::move(ours), child, std::move(pidfd));
}

WindowLine::WindowLine(WindowLine&& other) noexcept
    : socket_(std::move(other.socket_)),
      child_(std::exchange(other.child_, 0)),
      pidfd_(std::move(other.pidfd_)),
      text_(std::move(other.text_)) {}

WindowLine& WindowLine::operator=(WindowLine&& other) noexcept {
  std::swap(socket_, other.socket_);
  std::swap(child_, other.child_);
  std::swap(pidfd_, other.pidfd_);
  std::swap(text_, other.text_);
  return *this;
}

WindowLine::~WindowLine() { End(); }

void WindowLine::End() {
  socket_.Reset();
  if (child_ == 0) return;
  (void)rm::End(pidfd_.get());
  while (waitpid(child_, nullptr, 0) < 0 && errno == EINTR) continue;
  child_ = 0;
}

void WindowLine::Close(pid_t pid) { Say("close " + std::to_string(pid) + "\n"); }

// The little that is said fits into the socket's buffer.
void WindowLine::Say(const std::string& line) {
  if (over()) return;
  const ssize_t size = send(socket_.get(), line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (size != static_cast<ssize_t>(line.size())) socket_.Reset();
}

void WindowLine::Receive() {
  char some[4096];
  const ssize_t size = recv(socket_.get(), some, sizeof some, MSG_DONTWAIT);
  if (size > 0) {
    text_.append(some, static_cast<size_t>(size));
  } else if (size == 0 || (errno != EAGAIN && errno != EINTR)) {
    socket_.Reset();
  }
}

std::optional<WindowWord> WindowLine::Hear() {
  size_t end = text_.find('\n');
  if (end == std::string::npos && !over()) {
    Receive();
    end = text_.find('\n');
  }
  if (end == std::string::npos) {
    if (text_.size() > kMostWindowWord) socket_.Reset();
    return std::nullopt;
  }
  const auto word = ParseWindowWord(std::string_view(text_).substr(0, end));
  text_.erase(0, end + 1);
  if (!word) socket_.Reset();
  return word;
}

}  // namespace rm
