// What does the service control manager say, and do?
#pragma once

#include <windows.h>

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/fact.h"

namespace rm {

struct Service {
  std::string name;  // short
  std::string display_name;
  DWORD state = 0;                 // SERVICE_STOPPED, ...
  DWORD pid = 0;                   // 0: not running
  std::vector<std::string> needs;  // short names of the services that it depends on, folded
};

// All of the system. Empty: there is no service control manager.
std::vector<Service> ListServices();
// None: there is no such service. Capitals do not count.
const Service* FindService(const std::vector<Service>& services, const std::string& name);
const Service* FindService(const std::vector<Service>& services, const UnitRef& unit);

UnitRef UnitOf(const Service& service);
// With everything that goes down with it: running services that need it, directly or not, and the
// others of its process.
UnitFacts FactsOf(const Service& service, const std::vector<Service>& services);

// Asks it to stop; does not wait. `false`: it is stopped.
Result<bool> StopService(const std::string& name);
Result<void> StartService(const std::string& name);
std::optional<SERVICE_STATUS_PROCESS> StatusOf(const std::string& name);

}  // namespace rm
