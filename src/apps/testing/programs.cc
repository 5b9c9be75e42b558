#include "apps/testing/programs.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "apps/ask.h"
#include "base/start_ticks.h"
#include "procfs/snapshot.h"

namespace rm::testing {
namespace {

constexpr int kPatienceMs = 20'000;

bool IsReadable(int fd) {
  pollfd wait{fd, POLLIN, 0};
  return poll(&wait, 1, kPatienceMs) == 1;
}

}  // namespace

Directory::Directory() {
  char path[] = "/tmp/rm apps.XXXXXX";
  path_ = mkdtemp(path);
  chmod(path, 0755);
}

Directory::~Directory() { std::filesystem::remove_all(path_); }

std::string ReadAll(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

void WriteAll(const std::string& path, const std::string& text, mode_t mode) {
  std::ofstream(path) << text;
  chmod(path.c_str(), mode);
}

ProcessId Identify(pid_t pid) {
  return {pid, ReadStartTicks(OpenProcessDirectory(pid).get()).value_or(0)};
}

pid_t Fork(const std::function<void()>& in_child) {
  const pid_t child = fork();
  if (child == 0) {
    in_child();
    _exit(99);
  }
  return child;
}

int Await(pid_t child) {
  if (!AwaitEnd(Identify(child))) return -1;
  int status = -1;
  waitpid(child, &status, 0);
  return status;
}

bool AwaitEnd(const ProcessId& process) {
  const auto pidfd = OpenProcess(process);
  return !pidfd || IsReadable(pidfd->get());
}

std::string AwaitText(const std::string& path, const std::string& end, size_t from) {
  const UniqueFd watch(inotify_init1(IN_CLOEXEC));
  inotify_add_watch(watch.get(), path.c_str(), IN_MODIFY);
  std::string text = ReadAll(path);
  char events[4096];
  while (!(text.size() > from && text.ends_with(end)) && IsReadable(watch.get()) &&
         read(watch.get(), events, sizeof events) > 0)
    text = ReadAll(path);
  return text;
}

RelaunchSpec LikeUs(const std::string& program, const std::string& output) {
  const auto proc = ProcTree::Open();
  auto spec = Snapshot(*proc, Identify(getpid()));
  EXPECT_TRUE(spec) << spec.error().message;
  spec->was = {};
  spec->executable = program;
  spec->arguments = {program};
  spec->directory = "/";
  spec->streams = {};
  spec->streams[1] = {output, O_WRONLY | O_APPEND, 0};
  return *spec;
}

}  // namespace rm::testing
