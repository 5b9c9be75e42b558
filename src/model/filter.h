// Whom does the installer except from stopping or restarting? contract.md section 10.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "model/process.h"
#include "model/resource.h"

namespace rm {

enum class FilterAction : uint32_t { kNoRestart = 1, kNoShutdown = 2 };

struct Filter {
  // The full path of an executable, as supplied; a process; or a service, as supplied.
  struct Executable {
    std::string path;
    friend bool operator==(const Executable&, const Executable&) = default;
  };
  struct Service {
    std::string name;
    friend bool operator==(const Service&, const Service&) = default;
  };
  std::variant<Executable, ProcessId, Service> target;
  FilterAction action = FilterAction::kNoShutdown;
};

// Whether both mean the same, however it is spelled: "/bin//x" is "/bin/./x", "nginx" is
// "nginx.service". What takes the file system to tell, links and "..", tells them apart.
bool SameTarget(const Filter& a, const Filter& b);

}  // namespace rm
