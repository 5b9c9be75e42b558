#include "procfs/kernel_uses.h"

#include "procfs/device_uses.h"
#include "procfs/image_mounts.h"
#include "procfs/loop_devices.h"
#include "procfs/mount_spaces.h"
#include "procfs/parse.h"
#include "procfs/read.h"
#include "procfs/use_list.h"

namespace rm {
namespace {

using Named = MountSpaces::Named;

// A swap file has no name of what it is but the one that is printed.
void AddSwapFile(const SwapLine& swap, MountSpaces& spaces, UseList& uses) {
  const auto is_it = [&](const Named& named) {
    return S_ISREG(named.status.stx_mode) && named.status.stx_size > swap.size;
  };
  const auto named = spaces.Find(swap.path, is_it);
  if (!named) return;
  for (const FileTarget* target : uses.Matches(*named))
    uses.Add("swap", "", HoldKind::kSwap, *target);
}

// What it is made of: its name is looked for, since it may be on an overlay.
std::vector<const FileTarget*> BackingOf(const LoopDevice& loop, MountSpaces& spaces,
                                         UseList& uses) {
  std::vector<const FileTarget*> matches;
  const TargetSet& targets = uses.targets();
  if (loop.backing && !targets.MayHave(loop.backing->stx_ino)) return matches;
  const auto is_it = [&](const Named& named) {
    return loop.backing ? IsSameObject(named.status, *loop.backing)
                        : S_ISREG(named.status.stx_mode);
  };
  if (const auto named = spaces.Find(loop.path, is_it)) return uses.Matches(*named);
  for (const FileTarget& target : targets.targets())
    if (loop.backing ? IsTarget(*loop.backing, target) : WasRemovedAs(loop.path, target))
      matches.push_back(&target);
  return matches;
}

void AddLoopDevice(const LoopDevice& loop, MountSpaces& spaces, const DeviceUses& devices,
                   UseList& uses) {
  const std::vector<const FileTarget*> matches = BackingOf(loop, spaces, uses);
  if (matches.empty()) return;
  const std::string where = devices.WhereMounted(loop.number);
  for (const FileTarget* target : matches)
    uses.Add("loop device " + loop.node, where, HoldKind::kLoopDevice, *target);
}

}  // namespace

std::vector<KernelUse> FindKernelUses(const ProcTree& proc, const TargetSet& targets) {
  if (!proc.live() || targets.targets().empty()) return {};
  std::string text;
  ReadFileAt(proc.fd(), "swaps", kSmallFile, text);
  const std::vector<SwapLine> swaps = ParseSwaps(text);
  const std::vector<LoopDevice> loops = ReadLoopDevices();
  MountSpaces spaces(proc);
  DeviceUses devices(spaces, swaps, loops);
  UseList uses(targets);
  for (const SwapLine& swap : swaps)
    if (swap.file) AddSwapFile(swap, spaces, uses);
  for (const LoopDevice& loop : loops) AddLoopDevice(loop, spaces, devices, uses);
  AddImageMounts(spaces, uses);
  for (const FileTarget& target : targets.targets()) {
    if (!S_ISBLK(target.identity.mode) || target.previous) continue;
    for (const DeviceUse& use : devices.Of(target.identity.rdev))
      uses.Add(use.user, use.where, use.kind, target);
  }
  return uses.Take();
}

}  // namespace rm
