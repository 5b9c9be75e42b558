#include "restartctl.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <stdexcept>

#include "cli/exit_codes.h"

namespace rm::cli {
namespace {

// No test depends on it: what hangs is to be seen where it hangs.
constexpr int kPatienceMs = 300'000;

DemoHolders MustCreate() {
  auto holders = DemoHolders::Create(RESTARTCTL);
  if (!holders) throw std::runtime_error(holders.error().text);
  return std::move(*holders);
}

[[noreturn]] void Execute(const std::vector<std::string>& arguments) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  execvp(argv[0], argv.data());
  _exit(127);
}

}  // namespace

Running::Running(const std::vector<std::string>& arguments, On where) {
  if (where == On::kTerminal) {
    pid_ = forkpty(&out_, nullptr, nullptr, nullptr);
    if (pid_ == 0) Execute(arguments);
    return;
  }
  int out[2];
  int err[2];
  if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) abort();
  pid_ = fork();
  if (pid_ == 0) {
    dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
    dup2(out[1], STDOUT_FILENO);
    dup2(err[1], STDERR_FILENO);
    Execute(arguments);
  }
  close(out[1]);
  close(err[1]);
  out_ = out[0];
  err_ = err[0];
}

Running::~Running() {
  if (pid_ > 0) Finish();
  close(out_);
  if (err_ >= 0) close(err_);
}

bool Running::ReadSome() {
  pollfd ready[] = {{out_, POLLIN, 0}, {err_, POLLIN, 0}};
  const int count = poll(ready, 2, kPatienceMs);
  if (count < 0) return true;
  if (count == 0) {
    ADD_FAILURE() << "nothing was said for five minutes; so far: " << said_.out << said_.err;
    kill(pid_, SIGKILL);
    return false;
  }
  char text[4096];
  bool more = false;
  for (pollfd& one : ready) {
    if (one.revents == 0) continue;
    const ssize_t length = read(one.fd, text, sizeof text);
    std::string& into = one.fd == out_ ? said_.out : said_.err;
    if (length > 0) into.append(text, static_cast<size_t>(length));
    more = more || length > 0;
  }
  return more;
}

bool Running::AwaitText(const std::string& text) {
  const auto said = [&] {
    return said_.out.find(text) != std::string::npos || said_.err.find(text) != std::string::npos;
  };
  while (!said()) {
    if (!ReadSome()) return said();
  }
  return true;
}

void Running::Type(const std::string& keys) { (void)!write(out_, keys.data(), keys.size()); }

void Running::Signal(int signal) { kill(pid_, signal); }

// The end of the program is waited for, not the end of its streams: what it brings back may hold
// them.
Said Running::Finish() {
  int status = 0;
  const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  pollfd ready[] = {{pidfd, POLLIN, 0}, {out_, POLLIN, 0}, {err_, POLLIN, 0}};
  while (ready[0].revents == 0) {
    if (poll(ready, 3, -1) < 0) continue;
    const bool output = ((ready[1].revents | ready[2].revents) & POLLIN) != 0;
    if (output) ReadSome();
    for (pollfd& stream : {std::ref(ready[1]), std::ref(ready[2])}) {
      if (stream.revents != 0 && (stream.revents & POLLIN) == 0) stream.fd = -1;
    }
  }
  pollfd rest[] = {{out_, POLLIN, 0}, {err_, POLLIN, 0}};
  while (poll(rest, 2, 0) > 0 && ((rest[0].revents | rest[1].revents) & POLLIN) != 0) {
    if (!ReadSome()) break;
  }
  close(pidfd);
  waitpid(pid_, &status, 0);
  pid_ = -1;
  said_.status = ExitCodeOfStatus(status);
  return said_;
}

Said Restartctl(const std::vector<std::string>& arguments) {
  std::vector<std::string> all{RESTARTCTL};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return Running(all).Finish();
}

Said Shell(const std::string& shell, const std::string& script) {
  setenv("R", RESTARTCTL, 1);
  return Running({shell, "-c", script}).Finish();
}

RestartctlTest::RestartctlTest() : holders_(MustCreate()) {
  setenv("RESTART_MANAGER_DIR", (holders_.directory() + "/store").c_str(), 1);
  unsetenv("RESTART_MANAGER_SESSION");
  setenv("PATH", "/usr/bin:/bin", 1);
  signal(SIGCHLD, SIG_DFL);
  if (auto done = holders_.Replace("old"); !done) throw std::runtime_error(done.error().text);
}

RestartctlTest::~RestartctlTest() = default;

void RestartctlTest::Start(size_t holders) {
  StopSignals signals;
  for (size_t i = 0; i < holders; ++i) {
    if (auto done = holders_.StartOne(signals); !done) throw std::runtime_error(done.error().text);
  }
  Contents(holders);
}

std::vector<std::string> RestartctlTest::Replacement(const std::string& content) {
  std::ofstream(holders_.file() + ".new") << content << "\n";
  return {"mv", holders_.file() + ".new", holders_.file()};
}

std::vector<std::string> RestartctlTest::Contents(size_t holders) {
  std::vector<std::string> contents;
  const auto states = holders_.Await(holders);
  if (!states) throw std::runtime_error(states.error().text);
  for (const HolderState& state : *states) contents.push_back(state.content);
  return contents;
}

std::vector<DWORD> RestartctlTest::Pids(size_t holders) {
  std::vector<DWORD> pids;
  const auto states = holders_.Await(holders);
  if (!states) throw std::runtime_error(states.error().text);
  for (const HolderState& state : *states) pids.push_back(state.process.dwProcessId);
  return pids;
}

}  // namespace rm::cli
