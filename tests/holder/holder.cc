#include "holder/holder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace rm::test {
namespace {

void Require(bool ok, const char* what) {
  if (ok) return;
  perror(what);
  abort();
}

[[noreturn]] void Execute(const std::vector<std::string>& arguments, const Holder::Options& options,
                          int out) {
  if (options.prepare) options.prepare();
  dup2(out, STDOUT_FILENO);
  std::vector<std::string> all = {options.program.empty() ? HolderProgram() : options.program};
  all.insert(all.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& argument : all) argv.push_back(argument.data());
  argv.push_back(nullptr);
  execv(argv[0], argv.data());
  perror(argv[0]);
  _exit(127);
}

}  // namespace

std::string HolderProgram() { return RM_HOLDER_PROGRAM; }

Holder::Holder(const std::vector<std::string>& arguments) : Holder(arguments, Options{}) {}

Holder::Holder(const std::vector<std::string>& arguments, const Options& options) {
  int ends[2];
  Require(pipe2(ends, O_CLOEXEC) == 0, "pipe2");
  UniqueFd in(ends[0]), out(ends[1]);
  pid_ = fork();
  Require(pid_ >= 0, "fork");
  if (pid_ == 0) Execute(arguments, options, out.get());
  out.Reset();
  pidfd_.Reset(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
  Require(static_cast<bool>(pidfd_), "pidfd_open");
  char word[6];
  size_t got = 0;
  for (ssize_t n; got < sizeof word && (n = read(in.get(), word + got, sizeof word - got)) > 0;) {
    got += static_cast<size_t>(n);
  }
  Require(std::string(word, got) == "ready\n", "the holder did not get ready");
}

Holder::~Holder() {
  if (!pidfd_) return;
  Signal(SIGKILL);
  AwaitEnd();
}

ProcessId Holder::id() const {
  std::ifstream file(fmt::format("/proc/{}/stat", pid_));
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  unsigned long long ticks = 0;
  const bool known = sscanf(text.c_str() + text.rfind(')'),
                            ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d "
                            "%*d %*d %*d %llu",
                            &ticks) == 1;
  Require(known, "the holder's stat");
  return {pid_, ticks};
}

void Holder::Signal(int signal) const {
  syscall(SYS_pidfd_send_signal, pidfd_.get(), signal, nullptr, 0);
}

int Holder::AwaitEnd() {
  int status = 0;
  Require(waitpid(pid_, &status, 0) == pid_, "waitpid");
  pidfd_.Reset();
  return status;
}

TemporaryDirectory::TemporaryDirectory() {
  std::string pattern = std::filesystem::temp_directory_path() / "rm-test-XXXXXX";
  Require(mkdtemp(pattern.data()) != nullptr, "mkdtemp");
  path_ = std::filesystem::canonical(pattern);
}

TemporaryDirectory::~TemporaryDirectory() { std::filesystem::remove_all(path_); }

std::string TemporaryDirectory::Write(const std::string& name, const std::string& content) const {
  const std::string path = path_ + "/" + name;
  std::ofstream file(path, std::ios::binary);
  file << content;
  Require(file.good(), path.c_str());
  return path;
}

}  // namespace rm::test
