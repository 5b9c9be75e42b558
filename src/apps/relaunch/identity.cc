#include <grp.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "apps/relaunch/become.h"
#include "base/capabilities.h"
#include "base/win32_codes.h"

namespace rm {
namespace {

tl::unexpected<Error> NotPossible(const char* what) {
  return Fail(kFailRestart, "{}: {}.", what, strerror(errno));
}

// While we still may: the bounding set limits what the inheritable set may be given, so it is
// second.
Result<void> LimitCapabilities(const RelaunchSpec& spec) {
  Result<Capabilities> now = GetCapabilities();
  if (!now) return Pass(std::move(now));
  if (now->inheritable != spec.capabilities_inheritable) {
    now->inheritable = spec.capabilities_inheritable;
    if (Result<void> set = SetCapabilities(*now); !set) return set;
  }
  for (int capability = 0; capability < 64; ++capability) {
    const bool wanted = spec.capabilities_bounding & Bit(capability);
    const bool have = prctl(PR_CAPBSET_READ, capability) == 1;
    if (wanted && !have)
      return Fail(kFailRestart, "Capability {} is in its bounding set and not in ours.",
                  capability);
    if (have && !wanted && prctl(PR_CAPBSET_DROP, capability) != 0)
      return NotPossible("The bounding set of capabilities cannot be reduced");
  }
  return {};
}

std::vector<gid_t> Sorted(std::vector<gid_t> groups) {
  std::ranges::sort(groups);
  return groups;
}

std::vector<gid_t> CurrentGroups() {
  std::vector<gid_t> groups(std::max(getgroups(0, nullptr), 0));
  groups.resize(std::max(getgroups(static_cast<int>(groups.size()), groups.data()), 0));
  return Sorted(groups);
}

// Whether a process lists its own group among the others makes no difference to what it may do.
std::vector<gid_t> With(std::vector<gid_t> groups, gid_t own) {
  groups.push_back(own);
  groups = Sorted(std::move(groups));
  groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
  return groups;
}

bool HasGroupsOf(const RelaunchSpec& spec) {
  const gid_t own = spec.gids[1];
  return With(CurrentGroups(), own) == With(spec.groups, own);
}

std::array<uid_t, 3> CurrentUsers() {
  std::array<uid_t, 3> ids{};
  getresuid(&ids[0], &ids[1], &ids[2]);
  return ids;
}

std::array<gid_t, 3> CurrentGroupIds() {
  std::array<gid_t, 3> ids{};
  getresgid(&ids[0], &ids[1], &ids[2]);
  return ids;
}

Result<void> TakeIds(const RelaunchSpec& spec) {
  if (CurrentGroups() != Sorted(spec.groups) &&
      setgroups(spec.groups.size(), spec.groups.data()) != 0 && !HasGroupsOf(spec))
    return NotPossible("Its groups cannot be taken");
  if (CurrentGroupIds() != spec.gids && setresgid(spec.gids[0], spec.gids[1], spec.gids[2]) != 0)
    return NotPossible("Its group cannot be taken");
  if (CurrentUsers() == spec.uids) return {};
  // A process can be another user and have capabilities all the same. Cleared by exec.
  if (prctl(PR_SET_KEEPCAPS, 1) != 0 || setresuid(spec.uids[0], spec.uids[1], spec.uids[2]) != 0)
    return NotPossible("Its user cannot be taken");
  return {};
}

Result<void> TakeAmbient(uint64_t wanted) {
  if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0)
    return NotPossible("The ambient capabilities cannot be cleared");
  for (int capability = 0; capability < 64; ++capability)
    if ((wanted & Bit(capability)) &&
        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) != 0)
      return NotPossible("Its ambient capabilities cannot be had");
  return {};
}

}  // namespace

Result<void> TakeIdentity(const RelaunchSpec& spec) {
  if (Result<void> limited = LimitCapabilities(spec); !limited) return limited;
  if (Result<void> taken = TakeIds(spec); !taken) return taken;
  Result<Capabilities> now = GetCapabilities();
  if (!now) return Pass(std::move(now));
  const uint64_t permitted = now->permitted & spec.capabilities_permitted;
  if (Result<void> set = SetCapabilities(
          {permitted & spec.capabilities_effective, permitted, spec.capabilities_inheritable});
      !set)
    return set;
  if (Result<void> taken = TakeAmbient(spec.capabilities_ambient); !taken) return taken;
  const bool has_no_new_privileges = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
  if (has_no_new_privileges && !spec.no_new_privileges)
    return Fail(kFailRestart, "no_new_privs is set here and cannot be taken back.");
  if (spec.no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return NotPossible("no_new_privs cannot be set");
  return {};
}

Result<void> VerifyIdentity(const RelaunchSpec& spec) {
  Result<Capabilities> now = GetCapabilities();
  if (!now) return Pass(std::move(now));
  if (CurrentUsers() != spec.uids || CurrentGroupIds() != spec.gids || !HasGroupsOf(spec) ||
      (now->permitted & ~spec.capabilities_permitted) != 0)
    return Fail(kFailRestart, "Its identity was not taken as a whole.");
  const auto none_is_root = [](const auto& ids) { return std::ranges::count(ids, 0u) == 0; };
  if (none_is_root(spec.uids) && !(spec.capabilities_permitted & Bit(CAP_SETUID)) &&
      setresuid(-1, 0, -1) == 0)
    return Fail(kFailRestart, "The rights of root can be had again.");
  if (none_is_root(spec.gids) && !(spec.capabilities_permitted & Bit(CAP_SETGID)) &&
      setresgid(-1, 0, -1) == 0)
    return Fail(kFailRestart, "The rights of root's group can be had again.");
  return {};
}

}  // namespace rm
