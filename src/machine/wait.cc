#include "machine/wait.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/unique_fd.h"
#include "base/win32_codes.h"

namespace rm {

Result<void> WaitForEvents(std::vector<pollfd>& descriptors, const std::vector<Manager*>& managers,
                           TimePoint deadline, const std::stop_token& cancel) {
  UniqueFd wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake) return Fail(kOutOfMemory, "no event descriptor: {}", std::strerror(errno));
  const std::stop_callback on_cancel(cancel, [&wake] {
    const uint64_t one = 1;
    (void)!write(wake.get(), &one, sizeof one);
  });
  const size_t own = descriptors.size();
  for (Manager* manager : managers) {
    descriptors.push_back({manager->fd(), manager->events(), 0});
    if (const auto due = manager->deadline()) deadline = std::min(deadline, *due);
  }
  descriptors.push_back({wake.get(), POLLIN, 0});

  const auto left = std::chrono::ceil<std::chrono::nanoseconds>(deadline - Clock::now());
  const auto nanoseconds = std::max<int64_t>(0, left.count());
  const timespec limit{static_cast<time_t>(nanoseconds / 1'000'000'000),
                       static_cast<long>(nanoseconds % 1'000'000'000)};
  const int ready = ppoll(descriptors.data(), descriptors.size(), &limit, nullptr);
  const int error = errno;
  descriptors.resize(own);
  if (ready < 0 && error != EINTR)
    return Fail(kOutOfMemory, "waiting for processes failed: {}", std::strerror(error));
  for (Manager* manager : managers)
    if (auto dispatched = manager->Dispatch(); !dispatched) return dispatched;
  return {};
}

}  // namespace rm
