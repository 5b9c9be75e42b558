#include "cli/paths.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>

#include "cli/text.h"

namespace rm::cli {
namespace {

constexpr int kPatience = 3000;  // ms

api::Error Wrong(std::string text) { return {ERROR_BAD_ARGUMENTS, std::move(text)}; }

struct Look {
  int error = 0;  // errno; a link that leads nowhere is none
  bool directory = false;
};

Look LookAt(const std::string& path) {
  constexpr int kFlags = AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC;
  struct statx found {};
  if (statx(AT_FDCWD, path.c_str(), kFlags | AT_SYMLINK_NOFOLLOW, STATX_TYPE, &found))
    return {.error = errno};
  if (S_ISLNK(found.stx_mode) && statx(AT_FDCWD, path.c_str(), kFlags, STATX_TYPE, &found))
    return {.error = errno == ENOENT ? 0 : errno};
  return {.directory = S_ISDIR(found.stx_mode)};
}

// Looks at each path in a process of its own that can be left behind: a dead file system may never
// answer. It keeps nothing of ours open, for nobody is to wait for it. Returns the end of its
// looks to read, or -1.
int LookInChild(const std::vector<std::string>& paths) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC)) return -1;
  const pid_t between = fork();
  if (between == 0) {
    if (fork() != 0) _exit(0);
    const auto out = static_cast<unsigned>(dup2(ends[1], 0));
    close_range(out + 1, ~0u, 0);
    for (const int number : {SIGALRM, SIGPIPE}) signal(number, SIG_DFL);
    for (const std::string& path : paths) {
      alarm(2 * kPatience / 1000);
      const Look look = LookAt(path);
      if (write(STDIN_FILENO, &look, sizeof look) != sizeof look) break;
    }
    _exit(0);
  }
  close(ends[1]);
  while (between > 0 && waitpid(between, nullptr, 0) < 0 && errno == EINTR) {
  }
  return ends[0];
}

}  // namespace

std::string AbsolutePath(std::string_view path, std::string_view directory) {
  std::string whole = path.starts_with('/') ? "" : std::string(directory) + "/";
  // What stands before is the current directory's, and has no links.
  const size_t written = whole.size();
  whole += path;
  std::string plain;
  bool may_be_link = false;  // something in `plain` may be one
  for (size_t at = 0; at < whole.size();) {
    const size_t end = std::min(whole.find('/', at), whole.size());
    const std::string_view part = std::string_view(whole).substr(at, end - at);
    const bool is_written = at >= written;
    at = end + 1;
    if (part.empty() || part == ".") continue;
    if (part == ".." && !may_be_link) {
      plain.resize(plain.empty() ? 0 : plain.rfind('/'));
      continue;
    }
    may_be_link = may_be_link || is_written;
    plain += '/';
    plain += part;
  }
  return plain.empty() ? "/" : plain;
}

api::Result<std::string> CurrentDirectory() {
  std::error_code failed;
  const auto directory = std::filesystem::current_path(failed);
  if (failed) {
    return Wrong(fmt::format("the current directory cannot be named: {}; write absolute paths",
                             failed.message()));
  }
  return directory.string();
}

api::Result<std::vector<std::string>> CheckExist(const std::vector<std::string>& paths) {
  const int answers = LookInChild(paths);
  api::Result<std::vector<std::string>> directories = std::vector<std::string>();
  for (const std::string& path : paths) {
    pollfd ready{.fd = answers, .events = POLLIN, .revents = 0};
    int polled = 0;
    do {
      polled = poll(&ready, 1, kPatience);
    } while (polled < 0 && errno == EINTR);
    // Without an answer, or with an error of a server or a disk, the library says which file it
    // could not reach.
    Look look;
    if (polled <= 0 || read(answers, &look, sizeof look) != sizeof look) break;
    constexpr std::array kNobodysFault = {0, EIO, ENOTCONN, ESTALE, ETIMEDOUT, EHOSTDOWN};
    if (!std::ranges::count(kNobodysFault, look.error)) {
      directories = Wrong(fmt::format("{}: {}", Printable(path), strerror(look.error)));
      break;
    }
    if (look.directory) directories->push_back(path);
  }
  close(answers);
  return directories;
}

std::vector<std::string> SplitNames(std::string_view text) {
  const char separator = text.find('\0') == std::string_view::npos ? '\n' : '\0';
  std::vector<std::string> names;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find(separator, at), text.size());
    if (end > at) names.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  return names;
}

}  // namespace rm::cli
