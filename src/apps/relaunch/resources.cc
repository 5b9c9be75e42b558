#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "apps/relaunch/become.h"
#include "base/io_priority.h"
#include "base/unique_fd.h"
#include "base/win32_codes.h"

namespace rm {
namespace {

constexpr int kMaxCpus = 1 << 16;

tl::unexpected<Error> NotPossible(const char* what) {
  return Fail(kFailRestart, "{}: {}.", what, strerror(errno));
}

Result<void> SetLimit(int resource, const rlimit64& wanted) {
  if (prlimit64(0, static_cast<__rlimit_resource>(resource), &wanted, nullptr) != 0)
    return Fail(kFailRestart, "The resource limit {} cannot be set to {}:{}: {}.", resource,
                wanted.rlim_cur, wanted.rlim_max, strerror(errno));
  return {};
}

Result<rlimit64> GetLimit(int resource) {
  rlimit64 now;
  if (prlimit64(0, static_cast<__rlimit_resource>(resource), nullptr, &now) != 0)
    return Fail(kFailRestart, "There is no resource limit {}.", resource);
  return now;
}

}  // namespace

Result<void> RaiseLimits(const RelaunchSpec& spec) {
  for (const ResourceLimit& limit : spec.limits) {
    const Result<rlimit64> now = GetLimit(limit.resource);
    if (!now) return tl::unexpected(now.error());
    const rlimit64 raised{std::max<rlim64_t>(now->rlim_cur, limit.soft),
                          std::max<rlim64_t>(now->rlim_max, limit.hard)};
    if (raised.rlim_cur == now->rlim_cur && raised.rlim_max == now->rlim_max) continue;
    if (Result<void> set = SetLimit(limit.resource, raised); !set) return set;
  }
  return {};
}

Result<void> LowerLimits(const RelaunchSpec& spec) {
  for (const ResourceLimit& limit : spec.limits)
    if (Result<void> set = SetLimit(limit.resource, {limit.soft, limit.hard}); !set) return set;
  return {};
}

Result<void> TakeScheduling(const RelaunchSpec& spec) {
  const int policy = sched_getscheduler(0) & ~SCHED_RESET_ON_FORK;
  sched_param now{};
  sched_getparam(0, &now);
  const sched_param wanted{spec.scheduler_priority};
  if ((policy != spec.scheduler_policy || now.sched_priority != wanted.sched_priority) &&
      sched_setscheduler(0, spec.scheduler_policy, &wanted) != 0)
    return NotPossible("The scheduling policy cannot be set");
  // After the policy: what SCHED_IDLE may raise depends on it.
  if (getpriority(PRIO_PROCESS, 0) != spec.nice && setpriority(PRIO_PROCESS, 0, spec.nice) != 0)
    return NotPossible("The nice value cannot be set");
  if (syscall(SYS_ioprio_get, kIoPriorityOfProcess, 0) != spec.io_priority &&
      syscall(SYS_ioprio_set, kIoPriorityOfProcess, 0, spec.io_priority) != 0)
    return NotPossible("The I/O priority cannot be set");
  return {};
}

Result<void> TakeOomScore(const RelaunchSpec& spec) {
  const UniqueFd file(open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC));
  char text[16] = "";
  if (!file || read(file.get(), text, sizeof text - 1) < 0)
    return NotPossible("The OOM score adjustment cannot be read");
  const std::string wanted = std::to_string(spec.oom_score_adjust);
  if (text == wanted + "\n") return {};
  if (pwrite(file.get(), wanted.data(), wanted.size(), 0) < 0)
    return NotPossible("The OOM score adjustment cannot be set");
  return {};
}

Result<void> TakeProcessors(const RelaunchSpec& spec) {
  std::string set(CPU_ALLOC_SIZE(kMaxCpus), spec.cpus.empty() ? '\xff' : '\0');
  cpu_set_t* const bits = reinterpret_cast<cpu_set_t*>(set.data());
  for (int cpu : spec.cpus) {
    if (cpu < 0 || cpu >= kMaxCpus) return Fail(kFailRestart, "There is no processor {}.", cpu);
    CPU_SET_S(cpu, set.size(), bits);
  }
  if (sched_setaffinity(0, set.size(), bits) != 0)
    return NotPossible("None of the processors that it ran on may be used");
  return {};
}

}  // namespace rm
