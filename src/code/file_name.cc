#include "code/file_name.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "procfs/follow_links.h"
#include "procfs/read.h"

namespace rm {
namespace {

constexpr size_t kMostMounts = 16 << 20;  // bytes of mountinfo
constexpr unsigned kWanted = STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID;

int OpenIn(int root, const std::string& path, uint64_t resolve, UniqueFd& object,
           uint64_t flags = 0) {
  struct open_how how {};
  how.flags = O_PATH | O_CLOEXEC | flags;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | resolve;
  object.Reset(static_cast<int>(syscall(SYS_openat2, root, path.c_str(), &how, sizeof how)));
  return object ? 0 : errno;
}

// The table of a process shows no mount that its root is a mere folder of.
MountTable::Kind KindOfRoot(const struct statx& root, const MountTable& theirs,
                            const MountTable* ours) {
  const std::array<const MountTable*, 2> tables = {&theirs, ours ? ours : &theirs};
  for (const MountTable* table : tables)
    if (const auto kind = table->KindOfMount(root.stx_mnt_id)) return *kind;
  for (const MountTable* table : tables)
    if (const auto kind = table->KindOfDevice(DeviceOf(root))) return *kind;
  const bool is_on_disk = root.stx_dev_major != 0;
  return {.local = is_on_disk, .holds_files = is_on_disk};
}

int StatObject(const UniqueFd& object, struct statx& found) {
  return statx(object.get(), "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, kWanted,
               &found) == 0
             ? 0
             : errno;
}

}  // namespace

// First what the kernel has in its cache of names, which asks nobody. Then from the disk, off all
// foreign mounts: a link could lead to one, and is followed only where it does not.
int RootView::Resolve(const std::string& path, UniqueFd& object) const {
  int error = OpenIn(root_.get(), path, RESOLVE_CACHED, object);
  if (error != EAGAIN && error != EINVAL) return error;
  std::string end;
  error = FollowLinks(
      path,
      [this](const std::string& here, std::string& target) { return ReadLocalLink(here, target); },
      end);
  return error ? error : OpenIn(root_.get(), end, RESOLVE_NO_SYMLINKS, object);
}

int RootView::ReadLocalLink(const std::string& path, std::string& target) const {
  if (!kind_.local || !mounts_.IsLocalPath(path)) return kNotLooked;
  UniqueFd object;
  struct statx found {};
  const int error = OpenIn(root_.get(), path, RESOLVE_NO_SYMLINKS, object, O_NOFOLLOW);
  if (error) return error;
  if (const int none = StatObject(object, found)) return none;
  return S_ISLNK(found.stx_mode) ? ReadLinkAt(object.get(), "", target) : EINVAL;
}

const Named& RootView::Look(const std::string& path) {
  const auto [found, is_new] = known_.try_emplace(path);
  if (is_new) {
    UniqueFd object;
    Named& named = found->second;
    named.error = Resolve(path, object);
    if (!named.error) named.error = StatObject(object, named.object);
  }
  return found->second;
}

UniqueFd RootView::Open(const std::string& path) {
  UniqueFd object;
  struct statx found {};
  if (Look(path).error || Resolve(path, object) || StatObject(object, found) ||
      !IsSameFile(found, Look(path).object)) {
    return {};
  }
  return object;
}

std::unique_ptr<RootView> OpenRoot(int process_directory, const MountTable* ours) {
  UniqueFd root(openat(process_directory, "root", O_PATH | O_DIRECTORY | O_CLOEXEC));
  std::string mountinfo;
  struct statx status {};
  if (!root || StatObject(root, status) ||
      ReadFileAt(process_directory, "mountinfo", kMostMounts, mountinfo)) {
    return nullptr;
  }
  MountTable theirs = MountTable::Parse(mountinfo);
  const MountTable::Kind kind = KindOfRoot(status, theirs, ours);
  return std::make_unique<RootView>(std::move(root), status, std::move(theirs), kind);
}

bool IsSameFile(const struct statx& a, const struct statx& b) {
  if (!IsSameObject(a, b)) return false;
  const int64_t born_a = ToIdentity(a).btime_ns, born_b = ToIdentity(b).btime_ns;
  return !born_a || !born_b || born_a == born_b;
}

}  // namespace rm
