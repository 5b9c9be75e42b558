#include "procfs/held_object.h"

#include <fmt/format.h>

#include "procfs/parse.h"
#include "procfs/process_dir.h"
#include "procfs/read.h"

namespace rm {
namespace {

std::string NameOf(const HeldObject& held) {
  const std::string task = fmt::format("{}/task/{}", held.pid, held.tid);
  switch (held.kind) {
    case HoldKind::kDescriptor:
      return fmt::format("{}/fd/{}", task, held.fd);
    case HoldKind::kMapping:
      // Only /proc/TID has them, which no listing shows.
      return fmt::format("{}/{}", held.tid, MapFileName(held.begin, held.end));
    case HoldKind::kExecutable:
      return task + "/exe";
    case HoldKind::kWorkingDirectory:
      return task + "/cwd";
    case HoldKind::kRootDirectory:
      return task + "/root";
    default:  // nothing that a program in the kernel sees
      break;
  }
  return task;
}

}  // namespace

int MatchHeldObject(const ProcTree& proc, const HeldObject& held, const TargetSet& targets,
                    Layers& layers, std::vector<const FileTarget*>& matches, uint64_t& number) {
  matches.clear();
  struct statx found {};
  const std::string name = NameOf(held);
  if (const int error = StatAt(proc.fd(), name.c_str(), STATX_INO | STATX_BTIME, found))
    return error;
  number = found.stx_ino;
  targets.ForDevice(found, [&](const FileTarget& target) {
    if (!IsTarget(found, target)) matches.push_back(&target);
  });
  UniqueFd process;
  OpenProcess(proc, held.pid, process);
  targets.ForFound(found, [&](const FileTarget& target) {
    if (IsTargetOrBelow(found, target, {proc.fd(), name.c_str(), process.get()}, layers))
      matches.push_back(&target);
  });
  return 0;
}

}  // namespace rm
