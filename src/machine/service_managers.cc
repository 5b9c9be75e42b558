#include "machine/service_managers.h"

#include <unistd.h>

#include <utility>

namespace rm {

Result<Manager*> ServiceManagers::Of(const std::optional<uid_t>& user) {
  auto found = managers_.find(user);
  if (found == managers_.end()) found = managers_.emplace(user, Manager::Connect(user)).first;
  if (!found->second) return Fail(found->second.error().code, "{}", found->second.error().message);
  return found->second->get();
}

Manager* ServiceManagers::Home() {
  if (!Manager::Booted()) return nullptr;
  const uid_t uid = geteuid();
  auto home = Of(uid == 0 ? std::nullopt : std::optional(uid));
  return home ? *home : nullptr;
}

std::vector<Manager*> ServiceManagers::Open() {
  std::vector<Manager*> open;
  for (auto& [user, manager] : managers_)
    if (manager) open.push_back(manager->get());
  return open;
}

}  // namespace rm
