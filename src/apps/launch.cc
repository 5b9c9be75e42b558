#include "apps/launch.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>

#include "apps/ask.h"
#include "apps/report.h"
#include "apps/spawn_actions.h"
#include "base/unique_fd.h"
#include "base/win32_codes.h"

namespace rm {
namespace {

constexpr int kDetaching = 3000;  // ms; it takes one or two

// rm-relaunch with nothing but the report pipe and /dev/null.
Result<pid_t> Spawn(const std::string& program, const std::string& spec_file, int report) {
  std::string name = "rm-relaunch", option = kReportOption, file = spec_file;
  char* const arguments[] = {name.data(), option.data(), file.data(), nullptr};
  char* const environment[] = {nullptr};
  SpawnActions actions;
  // First, because the pipe may have one of the numbers that are about to be taken.
  actions.Duplicate(report, kReportDescriptor);
  for (int fd : {0, 1, 2}) actions.OpenNull(fd);
  actions.CloseFrom(kReportDescriptor + 1);
  pid_t child = 0;
  const int failed =
      posix_spawn(&child, program.c_str(), actions.get(), nullptr, arguments, environment);
  if (failed != 0)
    return Fail(kFailRestart, "{} cannot be started: {}.", program, strerror(failed));
  return child;
}

// Ends what may still be on its way, so that it does not run after it was reported as failed.
void EndUnlessGone(const ProcessId& process) {
  if (const auto pidfd = OpenProcess(process)) (void)End(pidfd->get());
}

}  // namespace

Result<std::string> WriteSpecFile(const std::string& directory, const std::string& name,
                                  const RelaunchSpec& spec) {
  const UniqueFd folder(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat owner;
  if (!folder || fstat(folder.get(), &owner) != 0)
    return Fail(kWriteFault, "The directory {} cannot be opened: {}.", directory, strerror(errno));
  if (owner.st_uid != geteuid() || (owner.st_mode & 077) != 0)
    return Fail(kAccessDenied,
                "The directory {} has to belong to user {} and be closed to everybody else "
                "(mode 0700).",
                directory, geteuid());
  if (name.empty() || name.find('/') != std::string::npos)
    return Fail(kBadArguments, "\"{}\" is no file name.", name);

  const std::string path = directory + "/" + name;
  const UniqueFd file(openat(folder.get(), name.c_str(),
                             O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return Fail(kWriteFault, "{} cannot be made: {}.", path, strerror(errno));
  const std::string blob = SpecFileHead({}) + Serialize(spec);
  size_t written = 0;
  while (written < blob.size()) {
    const ssize_t size = write(file.get(), blob.data() + written, blob.size() - written);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) break;
    written += size;
  }
  if (written < blob.size() || fchmod(file.get(), 0600) != 0) {
    const int why = errno;
    unlinkat(folder.get(), name.c_str(), 0);
    return Fail(kWriteFault, "{} cannot be written: {}.", path, strerror(why));
  }
  return path;
}

void RewriteSpecFile(const std::string& spec_file, const RelaunchSpec& spec) {
  const size_t slash = spec_file.rfind('/');
  if (slash == std::string::npos) return;
  const std::string fresh = spec_file + ".new";
  unlink(fresh.c_str());
  // Where it stands there is always one: one that is gone was done with.
  if (WriteSpecFile(spec_file.substr(0, slash), fresh.substr(slash + 1), spec))
    rename(fresh.c_str(), spec_file.c_str());
}

std::string LateFile(const std::string& directory, const ProcessId& was) {
  return fmt::format("{}/late-{}-{}", directory, was.pid, was.start_ticks);
}

SpecFileState LookAtSpecFile(const std::string& spec_file) {
  SpecFileState state;
  const UniqueFd file(open(spec_file.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  state.gone = !file && errno == ENOENT;
  state.unknown = !file && !state.gone;
  if (!file) return state;
  state.busy = flock(file.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  char text[4096];
  const ssize_t size = pread(file.get(), text, sizeof text, 0);
  state.unknown = size < 0;
  if (size <= 0) return state;
  const SpecFileText parsed = ParseSpecFile({text, static_cast<size_t>(size)});
  state.started = parsed.started;
  state.failure = parsed.failure;
  state.process = parsed.process;
  state.waiting = !parsed.spec.empty();
  return state;
}

Result<Launching> Launching::Begin(const std::string& relaunch_program,
                                   const std::string& spec_file) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    return Fail(kOutOfMemory, "No pipe can be made: {}.", strerror(errno));
  Launching launching(relaunch_program, spec_file);
  launching.report_.Reset(ends[0]);
  const UniqueFd writing(ends[1]);
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  Result<pid_t> child = Spawn(relaunch_program, spec_file, writing.get());
  if (!child) return Pass(std::move(child));
  // Nobody has waited for it yet, so the pid is still its own.
  launching.child_.Reset(static_cast<int>(syscall(SYS_pidfd_open, *child, 0)));
  if (!launching.child_)
    while (waitpid(*child, nullptr, 0) < 0 && errno == EINTR) continue;
  return launching;
}

Launching::~Launching() { Reap(); }

// It ends when it has put itself into the background; before that it has done nothing.
void Launching::Reap() {
  if (!child_) return;
  pollfd ended{child_.get(), POLLIN, 0};
  while (poll(&ended, 1, kDetaching) < 0 && errno == EINTR) continue;
  if (ended.revents == 0) (void)rm::End(child_.get());
  siginfo_t how{};
  while (waitid(P_PIDFD, static_cast<id_t>(child_.get()), &how, WEXITED) < 0 && errno == EINTR)
    continue;
  child_.Reset();
}

void Launching::End() {
  Reap();
  EndUnlessGone(ParseLaunchReport(said_).process);
}

std::optional<Result<ProcessId>> Launching::Look() {
  char some[1024];
  for (ssize_t size; (size = read(report_.get(), some, sizeof some)) != 0;) {
    if (size > 0) said_.append(some, static_cast<size_t>(size));
    if (size < 0 && errno != EINTR) return std::nullopt;
  }
  // Its other end was closed by exec or exit.
  Reap();
  const LaunchReport report = ParseLaunchReport(said_);
  if (!report.failure.empty()) return Fail(kFailRestart, "{}", report.failure);
  const SpecFileState file = LookAtSpecFile(spec_file_);
  if (!(file.gone || file.unknown ? report.started : file.started))
    return Fail(kFailRestart, "{} ended before it could start the program of {}.", program_,
                spec_file_);
  return report.process;
}

Result<ProcessId> Launch(const std::string& relaunch_program, const std::string& spec_file,
                         Milliseconds limit) {
  const TimePoint deadline = Clock::now() + limit;
  auto launching = Launching::Begin(relaunch_program, spec_file);
  if (!launching) return Pass(std::move(launching));
  while (true) {
    if (auto decided = launching->Look()) return std::move(*decided);
    const auto left = std::chrono::ceil<Milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) break;
    pollfd wait{launching->fd(), POLLIN, 0};
    poll(&wait, 1, static_cast<int>(left));
  }
  launching->End();
  return Fail(kSemTimeout, "The program of {} did not start within {} ms; it was ended.", spec_file,
              limit.count());
}

}  // namespace rm
