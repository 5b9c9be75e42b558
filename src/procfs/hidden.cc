#include "procfs/hidden.h"

#include <linux/capability.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/capabilities.h"
#include "procfs/parse.h"
#include "procfs/read.h"

namespace rm {
namespace {

constexpr size_t kLargeFile = 64 << 20;

bool IsInGroup(gid_t group) {
  std::vector<gid_t> groups(static_cast<size_t>(std::max(getgroups(0, nullptr), 0)));
  groups.resize(
      static_cast<size_t>(std::max(getgroups(static_cast<int>(groups.size()), groups.data()), 0)));
  return group == getegid() || std::ranges::count(groups, group) != 0;
}

// In a user namespace of its own who has the capability, or seems to be in the group, may still not
// look at those of others: of those pid 1 is one.
bool SeesAll(int proc, bool group_sees, gid_t group) {
  struct statx first {};
  if (StatAt(proc, "1", STATX_INO, first)) return false;
  const auto mine = GetCapabilities();
  return (mine && mine->effective & Bit(CAP_SYS_PTRACE)) || (group_sees && IsInGroup(group));
}

}  // namespace

bool HidesProcesses(const ProcTree& proc) {
  struct statx root {};
  std::string mounts;
  if (!proc.live() || StatOpened(proc.fd(), STATX_INO, root) ||
      ReadFileAt(proc.fd(), "self/mountinfo", kLargeFile, mounts)) {
    return false;
  }
  for (const std::string& line : Split(mounts, '\n')) {
    const auto mount = ParseMountLine(line);
    if (!mount || mount->type != "proc" || mount->dev != DeviceOf(root)) continue;
    bool invisible = false, ptraceable = false;
    gid_t group = 0;
    for (const std::string& option : Split(mount->options, ',')) {
      if (option == "hidepid=invisible" || option == "hidepid=2") invisible = true;
      if (option == "hidepid=ptraceable" || option == "hidepid=4") ptraceable = true;
      if (option.starts_with("gid="))
        group = static_cast<gid_t>(ParseNumber(std::string_view(option).substr(4)).value_or(0));
    }
    return (invisible || ptraceable) && !SeesAll(proc.fd(), invisible, group);
  }
  return false;
}

}  // namespace rm
