#include "procfs/process_scan.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "procfs/in_flight.h"
#include "procfs/process_dir.h"
#include "procfs/read.h"
#include "procfs/seen_tables.h"

namespace rm {
namespace {

constexpr size_t kBuffer = 64 << 10;
constexpr unsigned kWanted = STATX_INO | STATX_BTIME;
constexpr size_t kLargeFile = 16 << 20;  // a ring has up to 32,768 files
constexpr int kRingTries = 200;          // one that never rests tells its files each 30th time
constexpr int kThreadTries = 100;
constexpr unsigned kMostMessages = 100;  // looked into: somebody may have sent a million

// As far as the socket tells. What was there before may have had the same number.
bool IsBoundTo(const BoundSockets::File& file, const FileTarget& target) {
  return S_ISSOCK(target.identity.mode) && !target.previous &&
         static_cast<uint32_t>(target.identity.ino) == file.ino && target.identity.dev == file.dev;
}

}  // namespace

ProcessScan::ProcessScan(const ProcTree& proc, const TargetSet& targets,
                         const BoundSockets& sockets, bool directories, bool ask_each)
    : proc_(proc),
      targets_(targets),
      sockets_(sockets),
      directories_(directories),
      ask_each_(ask_each),
      buffer_(kBuffer) {
  if (ReadLinkAt(proc.fd(), "self/ns/mnt", our_mounts_)) our_mounts_.clear();
  const UniqueFd event(eventfd(0, EFD_CLOEXEC));
  struct statx found {};
  if (event && StatOpened(event.get(), STATX_INO, found) == 0) anonymous_ = DeviceOf(found);
}

int ProcessScan::Scan(pid_t pid) {
  {
    const std::lock_guard guard(lock_);
    pid_ = pid;
    holdings_.clear();
  }
  ++steps_;
  rings_.clear();
  mapped_rings_.clear();
  const size_t witnesses = witnesses_.size();
  denied_ = in_flight_ = false;
  exhausted_ = 0;

  UniqueFd directory;
  Note(OpenProcess(proc_, pid, directory));
  if (!directory && IsHidden(proc_, pid)) denied_ = true;
  if (directory) {
    ScanDescriptors(directory.get(), pid);
    ScanDirectories(directory.get());
    ScanMemory(directory.get(), pid);
    struct statx tasks {};
    const int error = StatAt(directory.get(), "task", STATX_NLINK, tasks);
    Note(error);
    // One link for each thread, besides the two of every directory.
    if (!error && tasks.stx_nlink > 3) ScanThreads(directory.get());
  }
  // What a ring without a descriptor has registered is printed nowhere.
  denied_ = denied_ || !std::ranges::includes(rings_, mapped_rings_);
  if (exhausted_ || (holdings_.empty() && !denied_ && !in_flight_)) return exhausted_;

  // The directory is still that of the process that was looked at, or this fails.
  ProcessStat stat;
  const int error = directory ? ReadStat(directory.get(), stat) : EACCES;
  if (IsExhausted(error)) return error;
  if (IsGone(error) || (stat.has_exited() && stat.threads <= 1)) {
    ForgetWitnesses(witnesses);
    return 0;
  }
  const ProcessId id{pid, stat.start_ticks};
  for (const Holding& holding : holdings_) found_.holdings.emplace_back(holding).process = id;
  if (in_flight_) found_.in_flight.push_back(id);
  if (denied_ && !stat.is_kernel_thread()) found_.unreadable.push_back(id);
  return 0;
}

// Those beyond `kept` are of a process that has ended.
void ProcessScan::ForgetWitnesses(size_t kept) {
  for (; witnesses_.size() > kept; witnesses_.pop_back()) asked_.erase(witnesses_.back().target);
}

// Threads may have tables of their own (unshare(2)), and outlive the leader, which then has none:
// what they share is seen through one that stays meanwhile.
void ProcessScan::ScanThreads(int directory) {
  ProcessStat leader;
  const bool leader_left = ReadStat(directory, leader) == 0 && leader.is_ending();
  for (int i = 0; i < kThreadTries; ++i)
    if (ScanEachThread(directory, leader_left) || !leader_left) return;
  denied_ = true;
}

// Whether one of them shares what the leader had, and was there before and after it was looked at.
bool ProcessScan::ScanEachThread(int directory, bool leader_left) {
  UniqueFd tasks;
  std::vector<pid_t> tids;
  Note(OpenDirectoryAt(directory, "task", tasks));
  if (!tasks) return false;
  Note(ListNumbers(tasks.get(), tids));
  bool memory_seen = !leader_left;

  SeenTables files_seen(KCMP_FILES), directories_seen(KCMP_FS);
  if (proc_.live()) {
    files_seen.Add(pid_);
    directories_seen.Add(pid_);
  }
  for (const pid_t tid : tids) {
    if (tid == pid_) continue;
    const bool files = !files_seen.Has(tid);
    const bool directories = directories_ && !directories_seen.Has(tid);
    if (!files && !directories && memory_seen) continue;
    UniqueFd task;
    Note(OpenDirectoryAt(tasks.get(), std::to_string(tid).c_str(), task));
    if (!task) continue;
    if (files) ScanDescriptors(task.get(), tid);
    if (directories) ScanDirectories(task.get());
    if (!memory_seen) ScanMemoryOfThread(task.get(), tid);
    ProcessStat stat;
    if (ReadStat(task.get(), stat) || stat.is_ending()) continue;  // it may have had nothing left
    memory_seen = true;
    if (files && proc_.live()) files_seen.Add(tid);
    if (directories && proc_.live()) directories_seen.Add(tid);
  }
  return memory_seen;
}

// Only /proc/TID has map_files. It is ours if the thread still exists after it was opened.
void ProcessScan::ScanMemoryOfThread(int task, pid_t tid) {
  UniqueFd whole;
  ProcessStat stat;
  const bool ours = OpenProcess(proc_, tid, whole) == 0 && ReadStat(task, stat) == 0;
  ScanMemory(ours ? whole.get() : task, ours ? tid : 0);
}

void ProcessScan::ScanDescriptors(int directory, pid_t tid) {
  tid_ = tid;
  UniqueFd fds;
  Note(OpenDirectoryAt(directory, "fd", fds));
  if (!fds) return;
  struct statx found {};
  for (;;) {
    ++steps_;
    const ssize_t got = getdents64(fds.get(), buffer_.data(), buffer_.size());
    if (got < 0) Note(errno);
    if (got <= 0) return;
    for (ssize_t at = 0; at < got;) {
      const auto* entry = reinterpret_cast<const dirent64*>(buffer_.data() + at);
      at += entry->d_reclen;
      if (entry->d_name[0] == '.') continue;
      if (const int error = StatAt(fds.get(), entry->d_name, kWanted, found)) {
        // Of this one alone: a server's, or of a FUSE program that answers only its user.
        Note(error);
        continue;
      }
      // Also what a socket or a ring holds, whose own number may be that of a target by chance.
      Compare(found, {fds.get(), entry->d_name, directory}, HoldKind::kDescriptor,
              atoi(entry->d_name));
      if (S_ISSOCK(found.stx_mode)) {
        ScanSocket(directory, atoi(entry->d_name), found.stx_ino);
      } else if (!anonymous_ || DeviceOf(found) == anonymous_) {
        ScanRing(directory, atoi(entry->d_name), found.stx_ino);
      }
    }
  }
}

void ProcessScan::ScanDirectories(int directory) {
  if (!directories_) return;
  ScanLink(directory, "cwd", HoldKind::kWorkingDirectory);
  ScanLink(directory, "root", HoldKind::kRootDirectory);
}

void ProcessScan::ScanLink(int directory, const char* name, HoldKind kind) {
  struct statx found {};
  const int error = StatAt(directory, name, kWanted, found);
  Note(error);
  if (!error) Compare(found, {directory, name, directory}, kind, -1);
}

// What is registered with an io_uring needs no descriptor. The kernel prints only its path.
void ProcessScan::ScanRing(int directory, int fd, uint64_t ino) {
  std::string text;
  if (ReadLinkAt(directory, fmt::format("fd/{}", fd).c_str(), text) || text != kRingLink) return;
  rings_.insert(ino);
  std::optional<std::vector<std::string>> files;
  for (int i = 0; i < kRingTries && !files; ++i) {
    if (i % 16 == 15) sched_yield();  // to who may have been interrupted at its work
    ++steps_;
    if (const int error =
            ReadFileAt(directory, fmt::format("fdinfo/{}", fd).c_str(), kLargeFile, text)) {
      return Note(error);
    }
    files = RingFiles(text);
  }
  if (!files) return FieldOf(text, "UserFiles").empty() ? Note(EBUSY) : void();
  for (const std::string& path : *files) {
    struct statx found {};
    UniqueFd object;
    if (OpenNamed(directory, path, object, found)) {
      Compare(found, {object.get(), "", directory}, HoldKind::kRing, fd);
      continue;
    }
    bool known = path.starts_with("/memfd:");
    for (const FileTarget& target : targets_.targets()) {
      if (!WasRemovedAs(path, target)) continue;
      Add(target, HoldKind::kRing, fd);
      known = true;
    }
    // Covered by a mount, out of the root, removed though it has another link: it may be any file.
    if (!known) Note(EBUSY);
  }
}

void ProcessScan::ScanSocket(int directory, int fd, uint64_t ino) {
  const BoundSockets::File* file = sockets_.Of(ino);
  const bool elsewhere = !file && sockets_.MayBeElsewhere(ino);
  if (file) ScanBound(directory, fd, ino, file);
  if (in_flight_ && !elsewhere) return;
  std::string text;
  if (const int error =
          ReadFileAt(directory, fmt::format("fdinfo/{}", fd).c_str(), kSmallFile, text)) {
    return Note(error);
  }
  const std::string_view messages = FieldOf(text, "scm_fds");
  const bool is_local = !messages.empty();  // AF_UNIX: no other socket has that field
  if (elsewhere && is_local) ScanBound(directory, fd, ino, nullptr);
  if (in_flight_) return;
  const uint64_t count = ParseNumber(messages).value_or(0);
  in_flight_ = count > 0;
  if (!in_flight_ || !proc_.live() || messages_seen_ >= kMostMessages) return;
  const std::optional<bool> may = MayHaveInFlight(tid_, fd, ino, count, targets_);
  messages_seen_ = may ? messages_seen_ + 1 : kMostMessages;
  in_flight_ = may.value_or(true);
}

// `told`: by the kernel; null: it was not asked about this socket.
void ProcessScan::ScanBound(int directory, int fd, uint64_t ino, const BoundSockets::File* told) {
  UniqueFd object;
  struct statx found {};
  int error = OpenBoundFile(tid_, fd, ino, object);
  if (!error) error = StatOpened(object.get(), kWanted, found);
  if (!error) return Compare(found, {object.get(), "", directory}, HoldKind::kDescriptor, fd);
  if (!told) return Note(error);
  for (const FileTarget& target : targets_.targets())
    if (IsBoundTo(*told, target)) Add(target, HoldKind::kDescriptor, fd);
}

void ProcessScan::Compare(const struct statx& found, const Met& met, HoldKind kind, int fd) {
  targets_.ForDevice(found, [&](const FileTarget& target) {
    if (!IsTarget(found, target)) Add(target, kind, fd);
  });
  if (!targets_.MayHave(found.stx_ino)) return;
  targets_.ForFound(found, [&](const FileTarget& target) {
    if (IsTargetOrBelow(found, target, met, layers_)) Add(target, kind, fd);
  });
}

std::pair<pid_t, std::vector<Holding>> ProcessScan::Partial() const {
  const std::lock_guard guard(lock_);
  return {pid_, holdings_};
}

void ProcessScan::Add(const FileTarget& target, HoldKind kind, int fd) {
  const std::lock_guard guard(lock_);
  holdings_.push_back(
      {.kind = kind, .file = target.file, .fd = fd, .previous_content = target.previous});
}

// A server's error (ESTALE) hides what is held, just as a missing permission does.
void ProcessScan::Note(int error) {
  if (!error || IsGone(error)) return;
  if (IsExhausted(error)) {
    exhausted_ = error;
  } else {
    denied_ = true;
  }
}

}  // namespace rm
