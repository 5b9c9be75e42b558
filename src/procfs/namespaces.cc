#include "procfs/namespaces.h"

#include <fmt/format.h>

#include <set>

#include "procfs/read.h"

namespace rm {

std::vector<pid_t> OneOfEachOther(const ProcTree& proc, std::span<const pid_t> pids,
                                  const std::string& kind) {
  std::set<std::string> known;
  std::vector<pid_t> others;
  std::string name;
  if (ReadLinkAt(proc.fd(), fmt::format("thread-self/ns/{}", kind).c_str(), name) == 0)
    known.insert(name);
  for (const pid_t pid : pids) {
    if (ReadLinkAt(proc.fd(), fmt::format("{}/ns/{}", pid, kind).c_str(), name) == 0 &&
        known.insert(name).second)
      others.push_back(pid);
  }
  return others;
}

}  // namespace rm
