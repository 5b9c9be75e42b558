#include "apps/registration.h"

#include "base/registration.h"

namespace rm {

Result<std::optional<RestartRegistration>> ReadRestartRegistration(const ProcessId& process) {
  Result<std::optional<RegistrationNote>> read = ReadRegistration(process.pid);
  if (!read) return Pass(std::move(read));
  const std::optional<RegistrationNote>& note = *read;
  if (!note || note->start_ticks != process.start_ticks) return std::nullopt;
  return RestartRegistration{.arguments = note->arguments, .flags = note->flags};
}

}  // namespace rm
