#include "procfs/mount_spaces.h"

#include <fcntl.h>

#include "procfs/mounts.h"
#include "procfs/namespaces.h"
#include "procfs/process.h"
#include "procfs/process_dir.h"
#include "procfs/read.h"

namespace rm {

int OpenPrinted(const MountSpace& space, const std::string& path, UniqueFd& object) {
  if (!IsBelow(path, space.inside)) return ENOENT;
  const std::string below = space.inside == "/" ? path : path.substr(space.inside.size());
  return OpenCached(space.root.get(), below, object);
}

MountSpaces::MountSpaces(const ProcTree& proc) : proc_(proc) {
  ours_.root.Reset(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  our_mounts_ = ReadMounts();
}

std::vector<MountLine> MountSpaces::MountsOf(const MountSpace& space) const {
  return space.pid ? ReadMounts(space.process.get()) : our_mounts_;
}

const std::vector<MountSpace>& MountSpaces::Others() {
  if (others_) return *others_;
  others_.emplace();
  const auto pids = ListPids(proc_);
  if (!pids) return *others_;
  for (const pid_t pid : OneOfEachOther(proc_, *pids, "mnt")) {
    MountSpace space{.pid = pid};
    if (OpenProcess(proc_, pid, space.process)) continue;
    space.root.Reset(openat(space.process.get(), "root", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!space.root || ReadLinkAt(space.process.get(), "root", space.inside)) continue;
    others_->push_back(std::move(space));
  }
  return *others_;
}

std::optional<MountSpaces::Named> MountSpaces::FindIn(
    const MountSpace& space, const std::string& path,
    const std::function<bool(const Named&)>& is_it) {
  Named named{.space = &space};
  if (OpenPrinted(space, path, named.object) ||
      StatOpened(named.object.get(), kWanted, named.status) || !is_it(named))
    return std::nullopt;
  return named;
}

std::optional<MountSpaces::Named> MountSpaces::Find(
    const std::string& path, const std::function<bool(const Named&)>& is_it) {
  if (auto named = FindIn(ours_, path, is_it)) return named;
  for (const MountSpace& space : Others())
    if (auto named = FindIn(space, path, is_it)) return named;
  return std::nullopt;
}

}  // namespace rm
