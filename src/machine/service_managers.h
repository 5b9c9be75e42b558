// Which service manager answers for this unit? Connections are made when first needed and kept.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "systemd/manager.h"

namespace rm {

class ServiceManagers {
 public:
  // Fails as Manager::Connect; a failure is remembered for this object's life.
  Result<Manager*> Of(const std::optional<uid_t>& user);

  // The one that plain processes of this caller are queued in: the system's for root, else the
  // user's own. Null: there is none.
  Manager* Home();

  // Those connected to so far.
  std::vector<Manager*> Open();

 private:
  std::map<std::optional<uid_t>, Result<std::unique_ptr<Manager>>> managers_;
};

}  // namespace rm
