// Which unit does a process belong to? Read off its cgroup path, without asking anybody.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/owner.h"

namespace rm {

// `cgroup_path` is what follows "0::" (or "name=systemd:") in /proc/PID/cgroup. None: the process
// belongs to no unit that could be stopped or named (slices, init.scope, a path outside our cgroup
// namespace). What a unit delegated below itself still is that unit, whatever it is called. Whether
// the service manager knows the unit, and made that cgroup, is to be asked there.
std::optional<Owner> OwnerFromCgroup(const std::string& cgroup_path);

// The innermost slice of the system's service manager, or of that of `manager_of`, that the path is
// in. "": none, or not below that manager. What a unit delegated below itself is no slice.
std::string SliceFromCgroup(std::string_view cgroup_path, std::optional<uid_t> manager_of);

}  // namespace rm
