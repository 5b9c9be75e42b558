#include "procfs/snapshot.h"

#include <fcntl.h>
#include <linux/limits.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include "base/io_priority.h"
#include "base/start_ticks.h"
#include "base/win32_codes.h"
#include "procfs/auxv.h"
#include "procfs/in_hands_of.h"
#include "procfs/parse.h"
#include "procfs/process.h"
#include "procfs/process_dir.h"
#include "procfs/read.h"
#include "procfs/running_program.h"
#include "procfs/snapshot_streams.h"

namespace rm {
namespace {

// execve(2) allows arguments and environment 6 MiB together.
constexpr size_t kMostStartData = 8 << 20;
constexpr size_t kMostCompared = 4096;  // arguments
constexpr int kDeadlinePolicy = 6;      // SCHED_DEADLINE
constexpr int kTries = 5;               // of who executes other programs meanwhile

struct LimitName {
  std::string_view name;
  int resource;
};
constexpr LimitName kLimits[] = {
    {"Max cpu time", RLIMIT_CPU},
    {"Max file size", RLIMIT_FSIZE},
    {"Max data size", RLIMIT_DATA},
    {"Max stack size", RLIMIT_STACK},
    {"Max core file size", RLIMIT_CORE},
    {"Max resident set", RLIMIT_RSS},
    {"Max processes", RLIMIT_NPROC},
    {"Max open files", RLIMIT_NOFILE},
    {"Max locked memory", RLIMIT_MEMLOCK},
    {"Max address space", RLIMIT_AS},
    {"Max file locks", RLIMIT_LOCKS},
    {"Max pending signals", RLIMIT_SIGPENDING},
    {"Max msgqueue size", RLIMIT_MSGQUEUE},
    {"Max nice priority", RLIMIT_NICE},
    {"Max realtime priority", RLIMIT_RTPRIO},
    {"Max realtime timeout", RLIMIT_RTTIME},
};

struct NamespaceName {
  const char* link;
  const char* name;
};
constexpr NamespaceName kNamespaces[] = {
    {"mnt", "mount"}, {"pid", "pid"},       {"user", "user"},     {"net", "network"},
    {"ipc", "IPC"},   {"uts", "host name"}, {"cgroup", "cgroup"}, {"time", "time"},
};

std::string_view TakeWord(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
}

std::optional<uint64_t> LimitOf(std::string_view word) {
  return word == "unlimited" ? UINT64_MAX : ParseNumber(word);
}

std::vector<ResourceLimit> ParseLimits(const std::string& text) {
  std::vector<ResourceLimit> limits;
  for (const std::string& line : Split(text, '\n')) {
    for (const LimitName& known : kLimits) {
      if (!line.starts_with(known.name)) continue;
      std::string_view rest = std::string_view(line).substr(known.name.size());
      const std::optional<uint64_t> soft = LimitOf(TakeWord(rest));
      const std::optional<uint64_t> hard = LimitOf(TakeWord(rest));
      if (soft && hard) limits.push_back({known.resource, *soft, *hard});
    }
  }
  return limits;
}

uint64_t Hex(std::string_view status, std::string_view name) {
  return ParseNumber(FieldOf(status, name), 16).value_or(0);
}

template <class T>
void TakeThree(std::string_view field, std::array<T, 3>& ids) {
  const std::vector<uint64_t> numbers = ParseNumbers(field);
  for (size_t i = 0; i < ids.size() && i < numbers.size(); ++i) ids[i] = static_cast<T>(numbers[i]);
}

// Collects the spec of one process, whose directory stays open meanwhile.
class Collector {
 public:
  Collector(const ProcTree& proc, int directory, const ProcessStat& stat,
            const std::vector<std::string>& updated, RelaunchSpec& spec)
      : proc_(proc), directory_(directory), stat_(stat), updated_(updated), spec_(spec) {}

  // 0, or the errno of the first thing that cannot be done without. EAGAIN: it has executed another
  // program meanwhile, which must not be given the rights of the first.
  int Collect() {
    RunningProgram program;
    int error = program.Open(directory_);
    if (!error) error = CollectAll(program.status());
    if (error) return error;
    return program.IsThere(directory_) ? 0 : EAGAIN;
  }

 private:
  int CollectAll(const std::string& status) {
    if (const int error = CollectArguments()) return error;
    if (const int error = CollectExecutable(status)) return error;
    if (const int error = CollectEnvironment()) return error;
    CollectDirectories();
    CollectStatus(status);
    CompareOrigin();
    LeaveRightsToExecutable();
    CollectParent();
    CollectScheduling();
    if (const int error = CollectSettings()) return error;
    CompareNamespaces();
    for (size_t fd = 0; fd < spec_.streams.size(); ++fd) {
      std::string lack;
      if (const int error = ReadStream(directory_, spec_.was.pid, static_cast<int>(fd),
                                       spec_.streams[fd], lack)) {
        return error;
      }
      if (!lack.empty()) Lacks(lack);
    }
    if (HasTerminalOfOthers(directory_)) {
      Lacks("It is the terminal of other programs, which would end with it.");
    }
    return 0;
  }

  void Lacks(std::string sentence) { spec_.cannot_restore.push_back(std::move(sentence)); }

  // The update replaces the executable: it is the path that is executed, whatever is there now. A
  // link to it may lead to the next version then, but not to where somebody else wants it to.
  int CollectExecutable(const std::string& status) {
    bool deleted = false;
    if (const int error = ReadObjectPath(directory_, "exe", spec_.executable, deleted)) {
      return error;
    }
    struct statx runs {
    }, found{};
    std::array<uid_t, 3> uids{};
    TakeThree(FieldOf(status, "Uid"), uids);
    const std::string name = NameAtStart();
    if (!name.empty() && IsInHandsOf(name, uids[0]) &&
        StatAt(directory_, "exe", STATX_INO, runs) == 0 &&
        StatAt(AT_FDCWD, name.c_str(), STATX_BASIC_STATS, found) == 0 &&
        IsSameObject(runs, found)) {
      spec_.executable = name;
      return 0;
    }
    const bool there = StatAt(AT_FDCWD, spec_.executable.c_str(), STATX_TYPE, found) == 0;
    if (!deleted || !there) {
      if (const std::optional<std::string> path = WhereItIsUpdated(deleted)) {
        if (!deleted) spec_.moved_aside = spec_.executable;
        spec_.executable = *path;
        return 0;
      }
    }
    if (!spec_.executable.starts_with('/') || (deleted && !there)) {
      Lacks("Its executable was deleted and nothing took its place.");
    }
    return 0;
  }

  // "" unless it is one that means the same to whoever starts it again.
  std::string NameAtStart() const {
    std::string auxv;
    if (ReadFileAt(directory_, "auxv", kSmallFile, auxv)) return "";
    const UniqueFd memory(openat(directory_, "mem", O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    std::array<char, PATH_MAX> text{};
    const uint64_t at = ParseNameAddress(auxv);
    if (!at || !memory ||
        pread(memory.get(), text.data(), text.size() - 1, static_cast<off_t>(at)) <= 0)
      return "";
    const std::string_view name = text.data();
    const bool means_the_same =
        name.starts_with('/') && !name.starts_with("/proc/") && !name.starts_with("/dev/");
    return means_the_same ? std::string(name) : "";
  }

  // Of several names of one file it is the one that it was called by. What is there now is another
  // file, or none yet: as long as what it runs has a name, it need not be a program before the
  // start.
  std::optional<std::string> WhereItIsUpdated(bool deleted) const {
    const auto file_name = [](std::string_view path) { return path.substr(path.rfind('/') + 1); };
    struct statx runs {
    }, found{};
    if (StatAt(directory_, "exe", STATX_INO, runs) != 0) return std::nullopt;
    for (const std::string& path : updated_) {
      if (updated_.size() > 1 &&
          (spec_.arguments.empty() || file_name(spec_.arguments.front()) != file_name(path))) {
        continue;
      }
      const int error = StatAt(AT_FDCWD, path.c_str(), STATX_BASIC_STATS, found);
      if (error == ENOENT && !deleted) return path;
      if (error != 0 || IsSameObject(runs, found)) continue;
      if (!deleted || (S_ISREG(found.stx_mode) && (found.stx_mode & 0111) != 0)) return path;
    }
    return std::nullopt;
  }

  int CollectArguments() {
    std::string text;
    const int error = ReadFileAt(directory_, "cmdline", kMostStartData, text);
    // prctl(2): it may have them lie anywhere. That is no trouble of ours.
    const bool endless = error == EFBIG;
    if (error && !endless) return error;
    if (endless) text.clear();
    spec_.arguments = Split(text, '\0');
    if (WereArgumentsOverwritten(text)) {
      Lacks("It has overwritten its arguments, so nobody knows how it was started.");
    }
    return 0;
  }

  // setproctitle() writes a title over argv. The kernel then shows up to the title's end, or the
  // whole region with other separators than there were arguments (argc lies at the stack's start).
  bool WereArgumentsOverwritten(const std::string& text) const {
    if (!text.ends_with('\0')) return true;
    if (stat_.arguments_end && stat_.arguments_end - stat_.arguments_begin != text.size()) {
      return true;
    }
    // Where the process' memory may not be read, nothing more is known.
    const UniqueFd memory(openat(directory_, "mem", O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    const auto stack = static_cast<off_t>(stat_.start_stack);
    int count = 0;
    if (!stack || !memory || pread(memory.get(), &count, sizeof count, stack) != sizeof count) {
      return false;
    }
    if (static_cast<unsigned>(count) != spec_.arguments.size()) return true;
    return stat_.arguments_begin > UINT32_MAX ? ShareAnArgument<uint64_t>(memory.get())
                                              : ShareAnArgument<uint32_t>(memory.get());
  }

  // A title may leave as many NULs as there were arguments. Then two places of argv point into the
  // same text. A program may have moved them within their arguments, and sorted them.
  template <class Word>
  bool ShareAnArgument(int memory) const {
    std::vector<Word> argv(std::min(spec_.arguments.size(), kMostCompared));
    const auto size = static_cast<ssize_t>(argv.size() * sizeof(Word));
    const auto at = static_cast<off_t>(stat_.start_stack + sizeof(Word));
    if (pread(memory, argv.data(), static_cast<size_t>(size), at) != size) return false;
    std::ranges::sort(argv);
    uint64_t end = stat_.arguments_begin;
    auto place = argv.begin();
    for (const std::string& argument : spec_.arguments) {
      const uint64_t begin = std::exchange(end, end + argument.size() + 1);
      const auto first = std::find_if(place, argv.end(), [&](Word at) { return at >= begin; });
      place = std::find_if(first, argv.end(), [&](Word at) { return at >= end; });
      if (first != place && *first != *std::prev(place)) return true;
    }
    return false;
  }

  int CollectEnvironment() {
    std::string text;
    const int error = ReadFileAt(directory_, "environ", kMostStartData, text);
    if (error && error != EFBIG && CodeOf(error) != kAccessDenied) return error;
    if (error) {
      Lacks(fmt::format("Its environment cannot be read: {}.", strerror(error)));
      return 0;
    }
    spec_.environment = Split(text, '\0');
    if (std::erase_if(spec_.environment,
                      [](const std::string& v) { return v.find('=') == v.npos; })) {
      Lacks("It has overwritten its environment.");
    }
    return 0;
  }

  void CollectDirectories() {
    bool deleted = false;
    std::string root;
    if (ReadObjectPath(directory_, "cwd", spec_.directory, deleted) || deleted) {
      Lacks("Its working directory is gone.");
    }
    if (faccessat(AT_FDCWD, spec_.directory.c_str(), X_OK, AT_EACCESS) != 0 && errno == EACCES) {
      Lacks("Its working directory may not be entered again.");
    }
    struct statx found {};
    if (StatAt(directory_, "cwd", STATX_INO | STATX_BTIME, found) == 0)
      spec_.directory_object = ObjectIdOf(found);
    if (ReadLinkAt(directory_, "root", root) || root != "/") {
      Lacks("It has a root directory of its own.");
    }
  }

  void CollectStatus(const std::string& status) {
    TakeThree(FieldOf(status, "Uid"), spec_.uids);
    TakeThree(FieldOf(status, "Gid"), spec_.gids);
    for (const uint64_t group : ParseNumbers(FieldOf(status, "Groups"))) {
      spec_.groups.push_back(static_cast<gid_t>(group));
    }
    spec_.umask = static_cast<mode_t>(ParseNumber(FieldOf(status, "Umask"), 8).value_or(022));
    spec_.capabilities_inheritable = Hex(status, "CapInh");
    spec_.capabilities_permitted = Hex(status, "CapPrm");
    spec_.capabilities_effective = Hex(status, "CapEff");
    spec_.capabilities_bounding = Hex(status, "CapBnd");
    spec_.capabilities_ambient = Hex(status, "CapAmb");
    spec_.no_new_privileges = FieldOf(status, "NoNewPrivs") == "1";
    spec_.ignored_signals = Hex(status, "SigIgn");
    spec_.blocked_signals = Hex(status, "SigBlk");
    spec_.cpus = ParseCpuList(FieldOf(status, "Cpus_allowed_list"));
    if (MayUseEveryCpu()) spec_.cpus.clear();
    const std::string_view seccomp = FieldOf(status, "Seccomp");
    if (seccomp == "1" || seccomp == "2") Lacks("It filters its own system calls (seccomp).");
  }

  void CollectParent() {
    if (const auto parent = Identify(proc_, stat_.parent); parent && *parent)
      spec_.parent = **parent;
    spec_.captured_ticks = TicksNow();
    constexpr uint64_t kForkedAndNotExecuted = 0x40;  // PF_FORKNOEXEC of the kernel
    if ((stat_.flags & kForkedAndNotExecuted) && ParentRunsTheSame())
      Lacks(fmt::format(
          "It is a part of process {}, which has forked it: a new one would begin as another {}.",
          stat_.parent, stat_.name));
  }

  bool ParentRunsTheSame() const {
    UniqueFd parent;
    struct statx runs {
    }, theirs{};
    return OpenProcess(proc_, stat_.parent, parent) == 0 &&
           StatAt(directory_, "exe", STATX_INO, runs) == 0 &&
           StatAt(parent.get(), "exe", STATX_INO, theirs) == 0 && IsSameObject(runs, theirs);
  }

  // A daemon that root starts gives up root's rights when it has what it needs them for.
  void CompareOrigin() {
    std::string auxv;
    if (ReadFileAt(directory_, "auxv", kSmallFile, auxv)) return;
    const std::optional<IdsAtStart> ids = ParseIdsAtStart(auxv);
    if (ids && (ids->uid != spec_.uids[0] || ids->euid != spec_.uids[1] ||
                ids->gid != spec_.gids[0] || ids->egid != spec_.gids[1])) {
      Lacks("It was started as another user or group than it is now, and with other rights.");
    }
  }

  // What it has beyond its real user and group it is given by its executable, or not at all.
  void LeaveRightsToExecutable() {
    const auto are_real = [](const auto& ids) { return ids[1] == ids[0] && ids[2] == ids[0]; };
    if (are_real(spec_.uids) && are_real(spec_.gids)) return;
    struct statx file {};
    if (StatAt(directory_, "exe", STATX_MODE | STATX_UID | STATX_GID, file)) file = {};
    const auto gives = [](const auto& ids, bool sets, uint32_t owner) {
      return ids[1] == (sets ? owner : ids[0]) && ids[2] == ids[1];
    };
    const bool sets_group = (file.stx_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP);
    if (!gives(spec_.uids, file.stx_mode & S_ISUID, file.stx_uid) ||
        !gives(spec_.gids, sets_group, file.stx_gid)) {
      Lacks("It has the rights of a user or group that its executable does not give it.");
      return;
    }
    spec_.uids.fill(spec_.uids[0]);
    spec_.gids.fill(spec_.gids[0]);
  }

  bool MayUseEveryCpu() const {
    std::string text;
    if (ReadFileAt(proc_.fd(), "stat", 1 << 20, text)) return false;
    for (const std::string& line : Split(text, '\n')) {
      if (!line.starts_with("cpu")) break;
      const std::optional<uint64_t> cpu =
          ParseNumber(std::string_view(line).substr(3, line.find(' ') - 3));
      if (cpu && std::find(spec_.cpus.begin(), spec_.cpus.end(), static_cast<int>(*cpu)) ==
                     spec_.cpus.end()) {
        return false;
      }
    }
    return true;
  }

  void CollectScheduling() {
    spec_.nice = stat_.nice;
    spec_.scheduler_policy = stat_.scheduler_policy;
    spec_.scheduler_priority = stat_.scheduler_priority;
    if (stat_.scheduler_policy == kDeadlinePolicy) Lacks("It runs under a deadline scheduler.");
    if (!proc_.live()) return;
    const long value = syscall(SYS_ioprio_get, kIoPriorityOfProcess, spec_.was.pid);
    if (value > 0) spec_.io_priority = static_cast<int>(value);
  }

  int CollectSettings() {
    std::string limits, oom, personality, slack;
    for (const auto& [name, text] : {std::pair{"limits", &limits},
                                     {"oom_score_adj", &oom},
                                     {"personality", &personality},
                                     {"timerslack_ns", &slack}}) {
      const int error = ReadFileAt(directory_, name, kSmallFile, *text);
      // What this kernel does not have, or does not show to the caller, stays as it is everywhere.
      if (error && !IsGone(error) && CodeOf(error) != kAccessDenied) return error;
      if (error) text->clear();
    }
    spec_.limits = ParseLimits(limits);
    spec_.oom_score_adjust = static_cast<int>(NumberOf(oom));
    spec_.personality = static_cast<uint64_t>(NumberOf(personality, 16));
    spec_.timer_slack_ns = static_cast<uint64_t>(NumberOf(slack));
    return 0;
  }

  static int64_t NumberOf(std::string_view number, int base = 10) {
    const bool negative = number.starts_with('-');
    if (negative) number.remove_prefix(1);
    const auto value =
        static_cast<int64_t>(ParseNumber(number.substr(0, number.find('\n')), base).value_or(0));
    return negative ? -value : value;
  }

  void CompareNamespaces() {
    for (const NamespaceName& space : kNamespaces) {
      std::string ours, theirs;
      const std::string link = std::string("ns/") + space.link;
      if (ReadLinkAt(proc_.fd(), ("self/" + link).c_str(), ours)) continue;  // an older kernel
      if (ReadLinkAt(directory_, link.c_str(), theirs) || ours != theirs) {
        Lacks(fmt::format("It lives in another {} namespace.", space.name));
      }
    }
  }

  const ProcTree& proc_;
  const int directory_;
  const ProcessStat& stat_;
  const std::vector<std::string>& updated_;
  RelaunchSpec& spec_;
};

tl::unexpected<Error> HasEnded(const ProcessId& process) {
  return Fail(kBadArguments, "Process {} has ended. List the processes again.", process.pid);
}

tl::unexpected<Error> CannotRead(const ProcessId& process, const std::string& name, int error) {
  if (IsGone(error)) return HasEnded(process);
  return Fail(CodeOf(error), "Cannot read how process {} ({}) was started: {}.", process.pid, name,
              strerror(error));
}

}  // namespace

Result<RelaunchSpec> Snapshot(const ProcTree& proc, const ProcessId& process,
                              const std::vector<std::string>& updated) {
  RelaunchSpec spec;
  UniqueFd directory;
  ProcessStat stat;
  int error = OpenProcess(proc, process.pid, directory);
  if (error) return CannotRead(process, "?", error);
  for (int i = 0; i < kTries; ++i) {
    spec = {.was = process};
    error = ReadStat(directory.get(), stat);
    if (error) return CannotRead(process, "?", error);
    if (stat.start_ticks != process.start_ticks || stat.has_exited()) return HasEnded(process);
    error = Collector(proc, directory.get(), stat, updated, spec).Collect();
    if (error != EAGAIN) break;
  }
  if (error == EAGAIN) {
    spec = {.was = process, .cannot_restore = {"It executes one program after the other."}};
    error = 0;
  }

  // What was asked of the kernel by pid was about this process if it is still there. What an
  // exiting one answers is no error of ours.
  ProcessStat after;
  const int now = ReadStat(directory.get(), after);
  if (!now && (after.start_ticks != stat.start_ticks || after.has_exited()))
    return HasEnded(process);
  if (IsGone(now) || (now && !error)) error = now;
  if (error) return CannotRead(process, stat.name, error);
  return spec;
}

}  // namespace rm
