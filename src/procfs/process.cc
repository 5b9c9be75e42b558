#include "procfs/process.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "base/win32_codes.h"
#include "procfs/parse.h"
#include "procfs/process_dir.h"
#include "procfs/read.h"

namespace rm {
namespace {

constexpr uint64_t kTermBit = 1ull << (SIGTERM - 1);

uint64_t SignalMask(std::string_view status, std::string_view name) {
  return ParseNumber(FieldOf(status, name), 16).value_or(0);
}

// A signal is stuck only when no thread takes it. Threads have masks of their own.
bool EveryThreadBlocksTerm(int directory) {
  UniqueFd tasks;
  std::vector<pid_t> tids;
  if (OpenDirectoryAt(directory, "task", tasks) || ListNumbers(tasks.get(), tids)) return true;
  std::string status;
  for (const pid_t tid : tids) {
    if (ReadFileAt(tasks.get(), (std::to_string(tid) + "/status").c_str(), kSmallFile, status)) {
      continue;
    }
    const bool runs = !FieldOf(status, "State").starts_with('Z');
    if (runs && !(SignalMask(status, "SigBlk") & kTermBit)) return false;
  }
  return true;
}

bool IsInOtherPidNamespace(const ProcTree& proc, int directory, std::string_view status) {
  std::string theirs, ours;
  if (ReadLinkAt(directory, "ns/pid", theirs) == 0 &&
      ReadLinkAt(proc.fd(), "self/ns/pid", ours) == 0) {
    return theirs != ours;
  }
  // One pid for each namespace from the procfs' own downwards (Linux 4.1).
  return ParseNumbers(FieldOf(status, "NSpid")).size() > 1;
}

bool IsLeader(std::string_view status, pid_t pid) {
  return ParseNumber(FieldOf(status, "Tgid")) == static_cast<uint64_t>(pid);
}

tl::unexpected<Error> CannotRead(pid_t pid, int error) {
  return Fail(CodeOf(error), "Cannot read /proc/{}: {}.", pid, strerror(error));
}

}  // namespace

Result<std::optional<ProcessId>> Identify(const ProcTree& proc, pid_t pid) {
  UniqueFd directory;
  ProcessStat stat;
  std::string status;
  int error = OpenProcess(proc, pid, directory);
  if (!error) error = ReadFileAt(directory.get(), "status", kSmallFile, status);
  if (!error) error = ReadStat(directory.get(), stat);
  if (IsGone(error) || (!error && !IsLeader(status, pid))) return std::nullopt;
  if (error) return CannotRead(pid, error);
  return ProcessId{pid, stat.start_ticks};
}

Result<std::optional<ProcessFacts>> ReadProcess(const ProcTree& proc, pid_t pid) {
  UniqueFd directory;
  ProcessStat stat;
  std::string status, text;
  int error = OpenProcess(proc, pid, directory);
  if (!error) error = ReadStat(directory.get(), stat);
  if (!error) error = ReadFileAt(directory.get(), "status", kSmallFile, status);
  if (IsGone(error) || (!error && !IsLeader(status, pid))) return std::nullopt;
  if (error) return CannotRead(pid, error);

  ProcessFacts facts;
  facts.id = {pid, stat.start_ticks};
  facts.parent = stat.parent;
  const std::vector<uint64_t> uids = ParseNumbers(FieldOf(status, "Uid"));
  if (uids.size() < 2) return CannotRead(pid, EPROTO);
  facts.uid = static_cast<uid_t>(uids[0]);
  facts.euid = static_cast<uid_t>(uids[1]);
  bool deleted = false;
  if (ReadObjectPath(directory.get(), "exe", facts.executable, deleted)) facts.executable.clear();
  facts.name = facts.executable.substr(facts.executable.rfind('/') + 1);
  if (facts.name.empty()) facts.name = stat.name;
  if (ReadFileAt(directory.get(), "cgroup", kSmallFile, text) == 0) facts.cgroup = CgroupOf(text);
  facts.kernel_thread = stat.is_kernel_thread();
  facts.zombie = stat.has_exited();
  facts.has_terminal = stat.terminal != 0;
  facts.ignores_term = SignalMask(status, "SigIgn") & kTermBit;
  facts.blocks_term = SignalMask(status, "SigBlk") & kTermBit || stat.has_exited();
  if (facts.blocks_term && stat.threads > 1) {
    facts.blocks_term = EveryThreadBlocksTerm(directory.get());
  }
  facts.other_pid_namespace = IsInOtherPidNamespace(proc, directory.get(), status);

  ProcessStat after;
  error = ReadStat(directory.get(), after);
  if (IsGone(error) || (!error && after.start_ticks != stat.start_ticks)) return std::nullopt;
  if (error) return CannotRead(pid, error);
  return facts;
}

Result<std::vector<pid_t>> ListPids(const ProcTree& proc) {
  UniqueFd directory;
  std::vector<pid_t> pids;
  // A description of its own: the position of a shared one would be moved by other threads.
  int error = OpenDirectoryAt(proc.fd(), ".", directory);
  if (!error) error = ListNumbers(directory.get(), pids);
  if (error) return Fail(kAccessDenied, "Cannot list /proc: {}.", strerror(error));
  return pids;
}

Result<std::vector<ProcessId>> Ancestors(const ProcTree& proc, pid_t pid) {
  std::vector<ProcessId> ancestors;
  while (true) {
    UniqueFd directory;
    ProcessStat stat;
    int error = OpenProcess(proc, pid, directory);
    if (!error) error = ReadStat(directory.get(), stat);
    if (IsGone(error)) return ancestors;
    if (error) return CannotRead(pid, error);
    if (stat.parent <= 1) return ancestors;
    Result<std::optional<ProcessId>> parent = Identify(proc, stat.parent);
    if (!parent && IsHidden(proc, stat.parent)) return ancestors;
    if (!parent) return Pass(std::move(parent));
    // The parent ended meanwhile, and its pid may be somebody else's: ask again who it is now.
    ProcessStat again;
    if (ReadStat(directory.get(), again) || again.parent != stat.parent) continue;
    const bool loops = std::find(ancestors.begin(), ancestors.end(),
                                 parent->value_or(ProcessId{})) != ancestors.end();
    if (!*parent || loops) return ancestors;
    ancestors.push_back(**parent);
    pid = stat.parent;
  }
}

}  // namespace rm
