#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include "apps/relaunch/become.h"
#include "base/text.h"
#include "base/unique_fd.h"
#include "base/win32_codes.h"

namespace rm {
namespace {

tl::unexpected<Error> NotPossible(const char* what) {
  return Fail(kFailRestart, "{}: {}.", what, strerror(errno));
}

// The path was the file's own when it was captured, without symbolic links. Where one is now,
// somebody put it there.
UniqueFd OpenByName(const StandardStream& stream) {
  open_how how{};
  how.flags = (stream.flags & (O_ACCMODE | O_APPEND)) | O_NOCTTY | O_NONBLOCK | O_CLOEXEC;
  how.resolve = RESOLVE_NO_SYMLINKS;
  UniqueFd file(
      static_cast<int>(syscall(SYS_openat2, AT_FDCWD, stream.path.c_str(), &how, sizeof how)));
  struct stat found;
  if (!file || fstat(file.get(), &found) != 0) return UniqueFd();
  if (!S_ISREG(found.st_mode) &&
      !(S_ISCHR(found.st_mode) && IsHarmlessDevice(major(found.st_rdev), minor(found.st_rdev)))) {
    errno = EINVAL;
    return UniqueFd();
  }
  return file;
}

void Adjust(const UniqueFd& file, const StandardStream& stream) {
  fcntl(file.get(), F_SETFL, stream.flags & O_APPEND);
  struct stat found;
  // It may have become shorter, and a hole in a log is of no use to anybody.
  if (fstat(file.get(), &found) == 0 && S_ISREG(found.st_mode))
    lseek(file.get(), std::min<uint64_t>(stream.offset, found.st_size), SEEK_SET);
}

// One open file for two streams, as after `> log 2>&1`: else each overwrites the other's output.
bool IsShared(const StandardStream& a, const StandardStream& b) {
  return !a.path.empty() && a.path == b.path && a.flags == b.flags && a.offset == b.offset;
}

// The kernel's own structure, zero behind the handler on every architecture that we know. glibc's
// sigaction refuses signals 32 and 33.
struct KernelSigaction {
  void (*handler)(int);
  unsigned long rest[4];
};

constexpr int kSignals = 64;
constexpr size_t kSignalSetBytes = 8;

}  // namespace

Result<void> EnterDirectory(const RelaunchSpec& spec) {
  if (chdir(spec.directory.c_str()) != 0)
    return Fail(kFailRestart, "Its directory {} cannot be entered: {}.", spec.directory,
                strerror(errno));
  return {};
}

Result<void> OpenStreams(const RelaunchSpec& spec, StreamFiles same, int messages) {
  for (int number = 0; number < 3; ++number) {
    const StandardStream& stream = spec.streams[number];
    const auto shared =
        std::find_if(spec.streams.begin(), spec.streams.begin() + number,
                     [&](const auto& earlier) { return IsShared(earlier, stream); });
    if (const int earlier = static_cast<int>(shared - spec.streams.begin()); earlier < number) {
      if (dup2(earlier, number) < 0) return NotPossible("A stream cannot be shared");
      continue;
    }
    UniqueFd file = std::move(same[number]);
    if (!file && !stream.path.empty()) file = OpenByName(stream);
    if (file) Adjust(file, stream);
    const int why = errno;
    if (!stream.path.empty() && !file)
      dprintf(messages, "rm-relaunch: stream %d was %s and is now /dev/null: %s\n", number,
              OneLine(stream.path).c_str(), strerror(why));
    if (!file) file.Reset(open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!file || dup2(file.get(), number) < 0) return NotPossible("/dev/null cannot be opened");
  }
  return {};
}

Result<void> TakeExecutionState(const RelaunchSpec& spec) {
  umask(spec.umask);
  constexpr unsigned long kJustAsk = 0xffffffff;
  if (static_cast<uint64_t>(personality(kJustAsk)) != spec.personality &&
      personality(spec.personality) == -1)
    return NotPossible("The personality cannot be set");
  if (spec.timer_slack_ns != 0 && prctl(PR_SET_TIMERSLACK, spec.timer_slack_ns, 0, 0, 0) != 0)
    return NotPossible("The timer slack cannot be set");
  return {};
}

Result<void> TakeSignals(const RelaunchSpec& spec) {
  for (int signal = 1; signal <= kSignals; ++signal) {
    if (signal == SIGKILL || signal == SIGSTOP) continue;
    const bool ignored = spec.ignored_signals >> (signal - 1) & 1;
    const KernelSigaction action{ignored ? SIG_IGN : SIG_DFL, {}};
    if (syscall(SYS_rt_sigaction, signal, &action, nullptr, kSignalSetBytes) != 0)
      return NotPossible("The ignored signals cannot be set");
  }
  if (syscall(SYS_rt_sigprocmask, SIG_SETMASK, &spec.blocked_signals, nullptr, kSignalSetBytes) !=
      0)
    return NotPossible("The blocked signals cannot be set");
  return {};
}

}  // namespace rm
