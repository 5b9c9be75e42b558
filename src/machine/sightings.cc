#include "machine/sightings.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/device_number.h"
#include "procfs/held_object.h"
#include "procfs/parse.h"
#include "procfs/process_dir.h"
#include "procfs/read.h"

namespace rm {
namespace {

constexpr char kInitialTimeNamespace[] = "time:[4026531834]";  // PROC_TIME_INIT_INO

HoldKind KindOf(const RmSighting& sighting) {
  switch (sighting.kind) {
    case kRmSightingMapping:
      return HoldKind::kMapping;
    case kRmSightingExecutable:
      return HoldKind::kExecutable;
    case kRmSightingWorkingDirectory:
      return HoldKind::kWorkingDirectory;
    case kRmSightingRootDirectory:
      return HoldKind::kRootDirectory;
    default:
      return HoldKind::kDescriptor;
  }
}

int DescriptorOf(const RmSighting& sighting) {
  return sighting.kind == kRmSightingDescriptor ? static_cast<int>(sighting.at) : -1;
}

// The object's superblock has that device, and the object that number: no other one has both while
// the file is there, except on an overlay, where numbers may be those of layers. The st_dev of a
// btrfs subvolume is not its superblock's, so that it proves nothing.
bool IsProven(const RmSighting& sighting, const FileTarget& target) {
  return !sighting.unproven && !target.previous && sighting.ino == target.identity.ino &&
         DeviceFromKernel(sighting.device) == target.identity.dev;
}

// /proc shows start times on the clock of the reader's time namespace, time_namespaces(7).
int64_t BoottimeOffset(const ProcTree& proc) {
  std::string text, ours;
  // The offsets are those of the children's namespace, which may be another one by unshare(2).
  if (ReadLinkAt(proc.fd(), "self/ns/time", ours) == 0 && ours == kInitialTimeNamespace) return 0;
  if (ReadFileAt(proc.fd(), "self/timens_offsets", kSmallFile, text)) return 0;
  for (const std::string& line : Split(text, '\n')) {
    long long seconds = 0, nanoseconds = 0;
    if (sscanf(line.c_str(), "boottime %lld %lld", &seconds, &nanoseconds) == 2)
      return seconds * 1'000'000'000 + nanoseconds;
  }
  return 0;
}

}  // namespace

Sightings::Sightings(const ProcTree& proc, const TargetSet& targets)
    : proc_(&proc), targets_(&targets), clock_offset_ns_(BoottimeOffset(proc)) {}

void Sightings::Add(std::span<const RmSighting> told) {
  for (const RmSighting& sighting : told) Add(sighting);
}

void Sightings::Add(const RmSighting& sighting) {
  if (sighting.pid == 0) return;  // not in our pid namespace
  if (sighting.kind == kRmSightingIncomplete) {
    judged_.ask_proc.push_back(static_cast<pid_t>(sighting.pid));
    return;
  }
  bool open = sighting.unproven;
  targets_->ForIno(sighting.ino, [&](const FileTarget& target) {
    if (IsProven(sighting, target)) {
      Hold(sighting, target);
    } else {
      open = true;
    }
  });
  if (open) open_[sighting.object].push_back(sighting);
}

void Sightings::Hold(const RmSighting& sighting, const FileTarget& target) {
  static const auto tick_ns = static_cast<uint64_t>(1'000'000'000 / sysconf(_SC_CLK_TCK));
  const uint64_t started = sighting.started_ns + static_cast<uint64_t>(clock_offset_ns_);
  judged_.holdings.push_back({.process = {static_cast<pid_t>(sighting.pid), started / tick_ns},
                              .kind = KindOf(sighting),
                              .file = target.file,
                              .fd = DescriptorOf(sighting),
                              .previous_content = target.previous});
}

void Sightings::Merge(Sightings&& other) {
  const auto append = [](auto& all, auto& more) {
    all.insert(all.end(), more.begin(), more.end());
  };
  append(judged_.holdings, other.judged_.holdings);
  append(judged_.ask_proc, other.judged_.ask_proc);
  for (auto& [object, sightings] : other.open_) append(open_[object], sightings);
}

// All are of one object: what one process shows of it holds for all. The first that still shows it
// decides. Where the number is another one, something else is there by now, or it is an overlay's
// that goes by two: that is told of this process alone.
void Sightings::JudgeObject(const std::vector<RmSighting>& sightings) {
  std::vector<const FileTarget*> matches;
  bool gone = true;
  for (const RmSighting& sighting : sightings) {
    const HeldObject held{.pid = static_cast<pid_t>(sighting.pid),
                          .tid = static_cast<pid_t>(sighting.tid),
                          .kind = KindOf(sighting),
                          .fd = DescriptorOf(sighting),
                          .begin = sighting.at,
                          .end = sighting.end};
    uint64_t number = 0;
    const int error = MatchHeldObject(*proc_, held, *targets_, layers_, matches, number);
    if (error) {
      gone = gone && IsGone(error) && !IsHidden(*proc_, held.pid);
      continue;
    }
    if (number != sighting.ino) {
      for (const FileTarget* target : matches)
        if (!IsProven(sighting, *target)) Hold(sighting, *target);
      continue;
    }
    for (const RmSighting& alike : sightings)
      for (const FileTarget* target : matches)
        if (!IsProven(alike, *target)) Hold(alike, *target);
    return;
  }
  if (gone) return;
  for (const RmSighting& sighting : sightings)
    judged_.ask_proc.push_back(static_cast<pid_t>(sighting.pid));
}

Judgement Sightings::Judge() {
  for (const auto& [object, sightings] : open_) JudgeObject(sightings);
  open_.clear();
  std::vector<pid_t>& ask = judged_.ask_proc;
  std::sort(ask.begin(), ask.end());
  ask.erase(std::unique(ask.begin(), ask.end()), ask.end());
  return std::move(judged_);
}

}  // namespace rm
