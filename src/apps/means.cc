#include "apps/means.h"

#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <set>

#include "base/capabilities.h"
#include "base/win32_codes.h"

namespace rm {
namespace {

bool May(int capability) {
  const auto ours = GetCapabilities();
  return ours && (ours->effective & Bit(capability));
}

using Limits = std::array<rlimit64, RLIM_NLIMITS>;

Result<Limits> OwnLimits() {
  Limits ours{};
  for (int resource = 0; resource < RLIM_NLIMITS; ++resource) {
    if (prlimit64(0, static_cast<__rlimit_resource>(resource), nullptr, &ours[resource]) != 0)
      return Fail(kWriteFault, "The caller's own resource limits cannot be read: {}.",
                  strerror(errno));
  }
  return ours;
}

// Once its own limits were taken, as far as they can be.
uint64_t SoftLimitLater(int resource, const Limits& ours, const RelaunchSpec& spec) {
  uint64_t most = ours[resource].rlim_cur;
  for (const ResourceLimit& limit : spec.limits)
    if (limit.resource == resource) most = std::max(most, limit.soft);
  return most;
}

bool LimitsAreLower(const Limits& ours, const RelaunchSpec& spec) {
  return !May(CAP_SYS_RESOURCE) &&
         std::ranges::any_of(spec.limits, [&](const ResourceLimit& limit) {
           return static_cast<size_t>(limit.resource) >= ours.size() ||
                  limit.hard > ours[limit.resource].rlim_max;
         });
}

bool HasPriority(const Limits& limits, const RelaunchSpec& spec) {
  if (May(CAP_SYS_NICE)) return true;
  const int ours = getpriority(PRIO_PROCESS, 0);
  const auto may_have = [&](int nice) {
    return static_cast<int64_t>(
               std::min<uint64_t>(SoftLimitLater(RLIMIT_NICE, limits, spec), 40)) >= 20 - nice;
  };
  if (spec.nice < ours && !may_have(spec.nice)) return false;
  const int policy = sched_getscheduler(0) & ~SCHED_RESET_ON_FORK;
  if (policy == SCHED_IDLE && spec.scheduler_policy != SCHED_IDLE && !may_have(ours)) return false;
  sched_param priority{};
  sched_getparam(0, &priority);
  const bool raised =
      spec.scheduler_policy != policy || spec.scheduler_priority > priority.sched_priority;
  return !raised || static_cast<uint64_t>(spec.scheduler_priority) <=
                        SoftLimitLater(RLIMIT_RTPRIO, limits, spec);
}

// A process may list its own group among the others or not.
std::set<gid_t> GroupsOf(std::vector<gid_t> groups, gid_t own) {
  groups.push_back(own);
  return {groups.begin(), groups.end()};
}

bool HasGroups(const RelaunchSpec& spec) {
  if (May(CAP_SETGID)) return true;
  std::vector<gid_t> ours(static_cast<size_t>(std::max(getgroups(0, nullptr), 0)));
  ours.resize(
      static_cast<size_t>(std::max(getgroups(static_cast<int>(ours.size()), ours.data()), 0)));
  return GroupsOf(ours, spec.gids[1]) == GroupsOf(spec.groups, spec.gids[1]);
}

bool HasCapabilities(const RelaunchSpec& spec) {
  for (int capability = 0; capability < 64; ++capability)
    if ((spec.capabilities_bounding & Bit(capability)) && prctl(PR_CAPBSET_READ, capability) != 1)
      return false;
  return spec.no_new_privileges || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1;
}

}  // namespace

Result<std::vector<std::string>> MeansLackingFor(const RelaunchSpec& spec) {
  const Result<Limits> limits = OwnLimits();
  if (!limits) return tl::unexpected(limits.error());
  std::vector<std::string> lacking;
  if (LimitsAreLower(*limits, spec))
    lacking.push_back(
        "Its resource limits are higher than the caller's, which may not raise them.");
  if (!HasPriority(*limits, spec))
    lacking.push_back("Its priority is higher than the caller's, which may not raise it.");
  if (!HasGroups(spec))
    lacking.push_back("Its groups are not the caller's, which may not change them.");
  if (!HasCapabilities(spec)) lacking.push_back("It may get privileges that the caller may not.");
  return lacking;
}

}  // namespace rm
