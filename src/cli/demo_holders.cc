#include "cli/demo_holders.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>

#include "cli/pidfd.h"

namespace rm::cli {
namespace api = restartmanager;
namespace {

constexpr std::chrono::seconds kPatience{30};

api::Error Wrong(const std::string& what) {
  return {ERROR_WRITE_FAULT, fmt::format("{}: {}", what, strerror(errno))};
}

// The process whose name that is. A draft has one that goes on.
std::optional<api::ProcessId> ParseHolderName(const std::string& name) {
  api::ProcessId process{};
  FILETIME& start = process.ProcessStartTime;
  int end = 0;
  const int read = sscanf(name.c_str(), "holder.%u.%u.%u%n", &process.dwProcessId,
                          &start.dwHighDateTime, &start.dwLowDateTime, &end);
  if (read != 3 || static_cast<size_t>(end) != name.size()) return std::nullopt;
  return process;
}

// Not by whether there is a process: the dead remain until their parent looks at them, and its
// number may be another's by now.
bool HasEnded(const api::ProcessId& process) {
  const int fd = OpenPidfd(static_cast<pid_t>(process.dwProcessId));
  if (fd < 0) return true;
  const auto now = api::DescribeProcess(process.dwProcessId);
  pollfd gone{fd, POLLIN, 0};
  const bool ended = !now || !api::SameProcess(*now, process) || poll(&gone, 1, 0) != 0;
  close(fd);
  return ended;
}

// Ends a process of ours, which has nothing to save; returns when it is gone.
void EndHolder(const api::ProcessId& process) {
  const int fd = OpenPidfd(static_cast<pid_t>(process.dwProcessId));
  if (fd < 0) return;
  const auto now = api::DescribeProcess(process.dwProcessId);
  if (now && api::SameProcess(*now, process) && SignalPidfd(fd, SIGKILL) == 0) {
    pollfd gone{fd, POLLIN, 0};
    while (poll(&gone, 1, -1) < 0) {
    }
  }
  close(fd);
}

}  // namespace

std::string HolderName(const api::ProcessId& process) {
  const FILETIME& start = process.ProcessStartTime;
  return fmt::format("holder.{}.{}.{}", process.dwProcessId, start.dwHighDateTime,
                     start.dwLowDateTime);
}

api::Result<DemoHolders> DemoHolders::Create(std::string program) {
  std::error_code failed;
  std::string name = (std::filesystem::temp_directory_path(failed) / "restartctl-demo-XXXXXX");
  if (failed) errno = failed.value();
  if (failed || !mkdtemp(name.data()))
    return Wrong("cannot make a directory for the demonstration");
  DemoHolders holders;
  holders.program_ = std::move(program);
  holders.directory_ = name;
  return holders;
}

DemoHolders::~DemoHolders() {
  if (directory_.empty()) return;
  for (const HolderState& holder : Look()) EndHolder(holder.process);
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

api::Result<void> DemoHolders::Replace(const std::string& content) {
  const std::string draft = file() + ".new";
  std::ofstream(draft) << content << "\n";
  if (rename(draft.c_str(), file().c_str()) != 0) return Wrong("cannot replace " + file());
  return {};
}

api::Result<void> DemoHolders::StartOne(const StopSignals& signals) {
  const std::string owner = std::to_string(getpid());
  const std::string path = file();
  const char* const arguments[] = {program_.c_str(),   "demo-holder", path.c_str(),
                                   directory_.c_str(), owner.c_str(), nullptr};
  const pid_t pid = fork();
  if (pid < 0) return Wrong("cannot start a process");
  if (pid == 0) {
    signals.RestoreInChild();
    // It can be asked to leave, also where this program cannot.
    signal(SIGTERM, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    setsid();
    const int nothing = open("/dev/null", O_RDWR);
    for (const int stream : {0, 1, 2}) dup2(nothing, stream);
    if (nothing > 2) close(nothing);
    execv(program_.c_str(), const_cast<char* const*>(arguments));
    _exit(127);
  }
  return {};
}

std::vector<HolderState> DemoHolders::Look() {
  std::vector<HolderState> alive;
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(directory_, failed)) {
    const auto process = ParseHolderName(entry.path().filename());
    if (!process || HasEnded(*process)) continue;
    HolderState state{*process, ""};
    std::getline(std::ifstream(entry.path()) >> std::ws, state.content);
    alive.push_back(state);
  }
  std::sort(alive.begin(), alive.end(), [](const HolderState& a, const HolderState& b) {
    return a.process.dwProcessId < b.process.dwProcessId;
  });
  return alive;
}

api::Result<std::vector<HolderState>> DemoHolders::Await(size_t count) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  const int changes = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  inotify_add_watch(changes, directory_.c_str(), IN_MOVED_TO);
  std::vector<HolderState> alive = Look();
  while (alive.size() < count) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    pollfd ready{changes, POLLIN, 0};
    if (left.count() <= 0 || poll(&ready, 1, static_cast<int>(left.count())) == 0) break;
    char events[4096];
    while (read(changes, events, sizeof events) > 0) {
    }
    alive = Look();
  }
  close(changes);
  if (alive.size() >= count) return alive;
  return api::Error{ERROR_SEM_TIMEOUT, fmt::format("{} of {} processes of the demonstration run",
                                                   alive.size(), count)};
}

}  // namespace rm::cli
