#include "machine/lifetime.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "base/user_name.h"

namespace rm {
namespace {

bool HasVariable(const RelaunchSpec& spec, std::string_view name) {
  return std::ranges::any_of(spec.environment, [&](const std::string& variable) {
    return variable.starts_with(name) && variable.size() > name.size();
  });
}

bool SurvivesALogout(const RelaunchSpec& spec, const ProcessFacts& process) {
  if (HasVariable(spec, "DISPLAY=") || HasVariable(spec, "WAYLAND_DISPLAY=")) return false;
  return !process.has_terminal || (spec.ignored_signals >> (SIGHUP - 1) & 1);
}

// loginctl enable-linger: there is a file of the user's name.
bool Lingers(uid_t user, const std::string& lingering) {
  const std::string name = UserName(user);
  return !name.empty() && access((lingering + "/" + name).c_str(), F_OK) == 0;
}

}  // namespace

std::string WhyItEndsSooner(const RelaunchSpec& spec, const ProcessFacts& process,
                            const std::optional<Owner>& owner, std::optional<uid_t> manager_of,
                            const std::string& lingering) {
  if (!manager_of || !owner || owner->kind != OwnerKind::kLoginSession) return "";
  if (!SurvivesALogout(spec, process) || Lingers(*manager_of, lingering)) return "";
  return "It would end with the last logout of its user, as all that the user's service manager "
         "starts; the one that runs now goes on.";
}

}  // namespace rm
