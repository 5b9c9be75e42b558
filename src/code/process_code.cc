#include "code/process_code.h"

#include <unistd.h>

#include <cerrno>
#include <ctime>

#include "code/process_look.h"
#include "procfs/process_dir.h"
#include "procfs/read.h"

namespace rm {
namespace {

constexpr size_t kBuffer = 64 << 10;
constexpr int kMostTries = 10;  // of a process that executes another program meanwhile

int64_t Nanoseconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return now.tv_sec * int64_t{1'000'000'000} + now.tv_nsec;
}

// Of a process whose leader has exited, only the other threads have the memory.
UniqueFd OpenLivingThread(const ProcTree& proc, int directory) {
  UniqueFd tasks, thread;
  std::vector<pid_t> tids;
  if (OpenDirectoryAt(directory, "task", tasks) || ListNumbers(tasks.get(), tids)) return {};
  for (const pid_t tid : tids) {
    ProcessStat stat;
    UniqueFd task;
    if (OpenDirectoryAt(tasks.get(), std::to_string(tid).c_str(), task) ||
        ReadStat(task.get(), stat) || stat.is_ending() || OpenProcess(proc, tid, thread)) {
      continue;
    }
    // Only /proc/TID has map_files. It is ours if the thread still exists after it was opened.
    if (ReadStat(task.get(), stat) == 0) return thread;
  }
  return {};
}

}  // namespace

ProcessCode::ProcessCode(const ProcTree& proc) : proc_(proc), buffer_(kBuffer) {
  if (ReadLinkAt(proc.fd(), "self/ns/mnt", our_mounts_)) our_mounts_.clear();
  UniqueFd self;
  if (OpenDirectoryAt(proc.fd(), std::to_string(getpid()).c_str(), self) == 0) {
    our_root_ = OpenRoot(self.get(), nullptr);
  }
  boot_ns_ = Nanoseconds(CLOCK_REALTIME) - Nanoseconds(CLOCK_BOOTTIME);
}

ProcessCode::~ProcessCode() = default;

RootView* ProcessCode::RootOf(int process_directory, bool& is_ours) {
  std::string mounts;
  struct statx root {};
  if (ReadLinkAt(process_directory, "ns/mnt", mounts) ||
      StatAt(process_directory, "root", STATX_INO | STATX_MNT_ID, root)) {
    return nullptr;
  }
  is_ours = mounts == our_mounts_;
  const RootKey key{mounts, DeviceOf(root), root.stx_ino, root.stx_mnt_id};
  const auto known = roots_.find(key);
  if (known != roots_.end()) return known->second.get();
  // What one process does not show, because it ends, another one with the same root may.
  std::unique_ptr<RootView> view =
      OpenRoot(process_directory, our_root_ ? &our_root_->mounts() : nullptr);
  return view ? roots_.emplace(key, std::move(view)).first->second.get() : nullptr;
}

int ProcessCode::Scan(pid_t pid, MappedScan& found) {
  UniqueFd directory;
  ProcessStat stat;
  int error = OpenProcess(proc_, pid, directory);
  if (!error) error = ReadStat(directory.get(), stat);
  if (IsGone(error)) return 0;
  if (IsExhausted(error)) return error;
  const ProcessId id{pid, stat.start_ticks};
  if (error) {
    found.unreadable.push_back({id, stat.name});
    return 0;
  }
  if (stat.is_kernel_thread()) return 0;
  const std::string name = stat.name;
  error = EAGAIN;  // until what was read is of one program, which has not begun to end meanwhile
  for (int i = 0; i < kMostTries && error == EAGAIN; ++i) {
    if (ReadStat(directory.get(), stat) || (stat.is_ending() && stat.threads <= 1)) return 0;
    UniqueFd thread;
    if (stat.is_ending()) thread = OpenLivingThread(proc_, directory.get());
    if (stat.is_ending() && !thread) continue;
    const int looked_at = thread ? thread.get() : directory.get();
    std::vector<MappedFile> files;
    const std::string before = ReadAuxv(looked_at);
    error = ProcessLook(*this, looked_at, id).Look(files);
    if (IsGone(error)) error = EAGAIN;  // that thread alone, perhaps
    if (error) continue;
    if (ReadAuxv(looked_at) != before || ReadStat(looked_at, stat) || stat.is_ending()) {
      error = EAGAIN;
      continue;
    }
    found.files.insert(found.files.end(), files.begin(), files.end());
  }
  if (IsExhausted(error)) return error;
  // Of a process that is ending, some files of /proc are refused.
  const bool ended =
      error && (ReadStat(directory.get(), stat) || (stat.is_ending() && stat.threads <= 1));
  if (ended) return 0;
  if (error)
    found.unreadable.push_back({id, name});
  else
    ++found.processes;
  return 0;
}

}  // namespace rm
