// rm-relaunch [--report] FILE: becomes the process that FILE describes (model/relaunch.h).
//
// FILE is locked as long as rm-relaunch is at it, so that nobody else is. At last, right before the
// program is run, or when it cannot be, what was in it gives way to lines that say so
// (apps/report.h): whoever is killed before that is run again. Who asked for it removes FILE.
// If it is gone, or says that the program was started, there is nothing to do and the exit status
// is 0.
//
// If the process that it replaces is still there, FILE is moved to LateFile (apps/launch.h) and
// rm-relaunch waits up to kLeaveLimit. If the process stays, or somebody removes the moved file
// meanwhile, there is nothing to bring back and the exit status is 0.
//
// Exit status as of env(1), if there is no becoming it: 127 its program is gone, 126 it cannot be
// run, 125 anything before that. With --report (apps/launch.h) descriptor 3 is a pipe to whoever
// wants to know, and the process is nobody's child.
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <optional>
#include <utility>

#include "apps/ask.h"
#include "apps/launch.h"
#include "apps/plain_word.h"
#include "apps/relaunch/become.h"
#include "apps/report.h"
#include "base/clock.h"
#include "base/removed.h"
#include "base/start_ticks.h"
#include "base/text.h"
#include "base/unique_fd.h"
#include "base/win32_codes.h"

namespace rm {
namespace {

constexpr int kNotBecome = 125;
constexpr int kNotExecutable = 126;
constexpr int kNotFound = 127;
constexpr off_t kMaxSpecBytes = 16 << 20;  // more than exec takes of arguments and environment

constexpr Milliseconds kLeaveLimit{60'000};
// Less than whoever launched us waits for (kBecoming); most supervisors wait for a second.
constexpr Milliseconds kSuccessionLimit{5'000};

struct Listener {
  int messages = STDERR_FILENO;  // for people; the journal, under systemd
  int report = -1;               // for Launch
  int file = -1;                 // for everybody else
  ProcessId process;             // that says so

  void Report(const std::string& line) const {
    if (report >= 0) (void)!write(report, line.data(), line.size());
  }
  // Who it is, in front of what is to be done. False: it cannot be written.
  bool SayWho() const {
    const std::string head = SpecFileHead(process);
    return pwrite(file, head.data(), head.size(), 0) == static_cast<ssize_t>(head.size());
  }
  // Exec is next, and nothing else: whoever is killed in between was not started, and nobody can
  // tell. False: it could not be said, so nobody must be started.
  bool SayStarted() const { return ftruncate(file, SpecFileHead(process).size()) == 0; }
  int Failed(const Error& error, int status) const {
    // Nobody may listen any more, and the limits may be those of the program.
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    if (file >= 0) {
      const std::string text =
          ProcessLine(process) +
          FailedLine(std::string_view(error.message).substr(0, kMostFailureBytes));
      if (pwrite(file, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()))
        (void)!ftruncate(file, static_cast<off_t>(text.size()));
    }
    Report(FailedLine(error.message));
    dprintf(messages, "rm-relaunch: %s\n", OneLine(error.message).c_str());
    return status;
  }
};

// None: its program was started already.
Result<std::optional<RelaunchSpec>> ReadSpec(const char* path, const UniqueFd& file) {
  struct stat found;
  if (!file || fstat(file.get(), &found) != 0)
    return Fail(kWriteFault, "{} cannot be opened: {}.", path, strerror(errno));
  if (!S_ISREG(found.st_mode) || found.st_uid != geteuid() || (found.st_mode & 077) != 0 ||
      found.st_nlink > 1 || found.st_size > kMaxSpecBytes)
    return Fail(kAccessDenied, "{} is not a file of user {} that is closed to everybody else.",
                path, geteuid());
  std::string blob(found.st_size, '\0');
  size_t filled = 0;
  while (filled < blob.size()) {
    const ssize_t size = read(file.get(), blob.data() + filled, blob.size() - filled);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return Fail(kWriteFault, "{} cannot be read: {}.", path, strerror(errno));
    filled += size;
  }
  const SpecFileText parsed = ParseSpecFile(blob);
  if (parsed.started) return std::nullopt;
  if (!parsed.failure.empty()) return Fail(kFailRestart, "{}", parsed.failure);
  Result<RelaunchSpec> spec = ParseRelaunchSpec(std::string(parsed.spec));
  if (!spec) return Pass(std::move(spec));
  if (!spec->executable.starts_with('/') || !spec->directory.starts_with('/') ||
      (!spec->moved_aside.empty() && !spec->moved_aside.starts_with('/')) ||
      spec->arguments.empty())
    return Fail(kBadArguments, "{} names no program and directory by absolute paths.", path);
  return std::move(*spec);
}

Result<void> Become(const RelaunchSpec& spec, int messages) {
  StreamFiles same = OpenSameFiles(spec);
  const bool entered = EnterSameDirectory(spec);
  for (auto step : {RaiseLimits, TakeScheduling, TakeOomScore, TakeProcessors, TakeIdentity,
                    VerifyIdentity, TakeExecutionState})
    if (Result<void> taken = step(spec); !taken) return taken;
  if (!entered)
    if (Result<void> there = EnterDirectory(spec); !there) return there;
  return OpenStreams(spec, std::move(same), messages);
}

// False: it stays.
Result<bool> AwaitDeparture(const ProcessId& was, Milliseconds limit) {
  auto pidfd = OpenProcess(was);
  if (!pidfd && pidfd.error().code == kProcessGone) return true;
  if (!pidfd) return Pass(std::move(pidfd));
  const TimePoint deadline = Clock::now() + limit;
  while (true) {
    const auto left = std::chrono::ceil<Milliseconds>(deadline - Clock::now()).count();
    pollfd ended{pidfd->get(), POLLIN, 0};
    const int ready = poll(&ended, 1, left > 0 ? static_cast<int>(left) : 0);
    if (ready > 0) return true;
    if (ready == 0) return false;
  }
}

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// Our parent exits, so that the new process has none that would have to wait for it.
Result<void> Detach() {
  const pid_t child = fork();
  if (child < 0) return Fail(kFailRestart, "No process can be made: {}.", strerror(errno));
  if (child > 0) _exit(0);
  setsid();
  return {};
}

// Of whom its parent has started again: that one is watched from now on.
int SayStartedByParent(Listener listener, const ProcessId& successor) {
  listener.process = successor;
  listener.Report(ProcessLine(successor) + StartingLine());
  return listener.SayWho() && listener.SayStarted() ? 0 : kNotBecome;
}

ProcessId Self() {
  return {getpid(), ReadStartTicks(OpenProcessDirectory(getpid()).get()).value_or(0)};
}

int Run(const char* path, bool reports) {
  signal(SIGPIPE, SIG_IGN);  // whoever listens may have been killed; go on
  // A descriptor opened below must not become a standard stream by accident.
  int fd = -1;
  do fd = open("/dev/null", O_RDWR | O_CLOEXEC);
  while (fd >= 0 && fd < 3);
  if (fd < 0 || close_range(3, ~0u, CLOSE_RANGE_CLOEXEC) != 0) return kNotBecome;
  Listener listener{fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3), reports ? kReportDescriptor : -1};
  if (reports) {
    if (const Result<void> detached = Detach(); !detached)
      return listener.Failed(detached.error(), kNotBecome);
  }

  const UniqueFd file(open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!file && errno == ENOENT) {
    listener.Report(StartingLine());
    return 0;
  }
  if (file) (void)flock(file.get(), LOCK_EX);
  auto read = ReadSpec(path, file);
  if (!read) return listener.Failed(read.error(), kNotBecome);
  if (!*read || IsRemoved(file)) {
    listener.Report(StartingLine());
    return 0;
  }
  const std::optional<RelaunchSpec>& spec = *read;
  listener.file = file.get();
  listener.process = Self();
  listener.Report(ProcessLine(listener.process));
  const auto left = AwaitDeparture(spec->was, Milliseconds(0));
  if (!left) return listener.Failed(left.error(), kNotBecome);
  if (!*left) {
    const std::string late = LateFile(std::string(path, strrchr(path, '/')), spec->was);
    if (rename(path, late.c_str()) != 0)
      return listener.Failed(
          Error{kWriteFault, fmt::format("{} cannot be moved: {}.", path, strerror(errno))},
          kNotBecome);
    // Whoever finds it there writes what was in it anew, and nobody has to clean up its secrets.
    (void)!ftruncate(file.get(), 0);
    // Whoever launched us need not wait for that.
    listener.Report(StartingLine());
    if (reports) close(std::exchange(listener.report, -1));
    const auto left_late = AwaitDeparture(spec->was, kLeaveLimit);
    // Of us and whoever calls it off, one removes the file.
    const bool called_off = IsRemoved(file) || (unlink(late.c_str()) != 0 && errno == ENOENT);
    if (!left_late) return listener.Failed(left_late.error(), kNotBecome);
    if (!*left_late || called_off) return 0;
  }
  const Succession succession = AwaitSuccession(*spec, kSuccessionLimit);
  if (succession.by_parent) return SayStartedByParent(listener, *succession.by_parent);
  if (!succession.left_to.empty())
    return listener.Failed(
        Error{kFailRestart,
              fmt::format("it is left to {}, which had started it and starts it again; it has not "
                          "done so within {} s",
                          succession.left_to, kSuccessionLimit.count() / 1000)},
        kNotBecome);
  const std::vector<char*> arguments = Pointers(spec->arguments);
  const std::vector<char*> environment = Pointers(spec->environment);
  const auto cannot_write = [&] {
    return Error{kWriteFault, fmt::format("{} cannot be written: {}.", path, strerror(errno))};
  };
  if (!listener.SayWho()) return listener.Failed(cannot_write(), kNotBecome);
  Result<void> done = Become(*spec, listener.messages);
  if (done) listener.Report(StartingLine());
  if (done) done = LowerLimits(*spec);
  if (done) done = TakeSignals(*spec);
  if (!done) return listener.Failed(done.error(), kNotBecome);
  if (!listener.SayStarted()) return listener.Failed(cannot_write(), kNotBecome);
  execve(spec->executable.c_str(), arguments.data(), environment.data());
  // The update was called off, or what it brought cannot be run.
  if (!spec->moved_aside.empty() && (errno == ENOENT || errno == EACCES))
    execve(spec->moved_aside.c_str(), arguments.data(), environment.data());
  const int status = errno == ENOENT ? kNotFound : kNotExecutable;
  return listener.Failed(
      Error{kFailRestart, fmt::format("{} cannot be run: {}.", spec->executable, strerror(errno))},
      status);
}

}  // namespace
}  // namespace rm

int main(int argc, char** argv) {
  const bool reports = argc == 3 && std::string_view(argv[1]) == rm::kReportOption;
  if (argc != 2 && !reports) {
    fputs("usage: rm-relaunch [--report] FILE\n", stderr);
    return rm::kNotBecome;
  }
  return rm::Run(rm::FromPlainWord(argv[argc - 1]).c_str(), reports);
}
