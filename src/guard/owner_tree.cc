#include "guard/owner_tree.h"

#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <set>

#include "procfs/process.h"
#include "procfs/process_dir.h"
#include "procfs/read.h"

namespace rm {
namespace {

bool HasSocket(int process) {
  UniqueFd descriptors;
  std::vector<pid_t> numbers;
  if (OpenDirectoryAt(process, "fd", descriptors) != 0 ||
      ListNumbers(descriptors.get(), numbers) != 0) {
    return false;
  }
  return std::any_of(numbers.begin(), numbers.end(), [&](pid_t number) {
    std::string target;
    return ReadLinkAt(descriptors.get(), std::to_string(number).c_str(), target) == 0 &&
           target.starts_with("socket:");
  });
}

}  // namespace

std::map<ProcessId, std::string> SocketClients(const ProcTree& proc,
                                               const std::vector<Descendant>& tree) {
  std::set<pid_t> parents;
  for (const Descendant& process : tree) parents.insert(process.parent);
  std::map<ProcessId, std::string> clients;
  for (const Descendant& process : tree) {
    UniqueFd directory;
    std::string status;
    if (parents.contains(process.id.pid) || OpenProcess(proc, process.id.pid, directory) != 0 ||
        !HasSocket(directory.get()) ||
        ReadFileAt(directory.get(), "status", kSmallFile, status) != 0) {
      continue;
    }
    clients[process.id] = FieldOf(status, "voluntary_ctxt_switches");
  }
  return clients;
}

Result<std::vector<Descendant>> Descendants(const ProcTree& proc, pid_t owner) {
  Result<std::vector<pid_t>> pids = ListPids(proc);
  if (!pids) return Pass(std::move(pids));
  std::multimap<pid_t, ProcessId> children;
  for (const pid_t pid : *pids) {
    UniqueFd directory;
    ProcessStat stat;
    if (OpenProcess(proc, pid, directory) != 0 || ReadStat(directory.get(), stat) != 0) continue;
    children.emplace(stat.parent, ProcessId{pid, stat.start_ticks});
  }
  std::vector<Descendant> tree;
  std::set<pid_t> seen{owner};
  std::vector<pid_t> open{owner};
  while (!open.empty()) {
    const auto [begin, end] = children.equal_range(open.back());
    open.pop_back();
    for (auto child = begin; child != end; ++child) {
      const ProcessId id = child->second;
      if (!seen.insert(id.pid).second) continue;
      open.push_back(id.pid);
      UniqueFd directory;
      struct stat owned = {};
      std::string text;
      if (OpenProcess(proc, id.pid, directory) != 0 || fstat(directory.get(), &owned) < 0 ||
          ReadFileAt(directory.get(), "cmdline", kSmallFile, text) != 0) {
        continue;
      }
      tree.push_back({id, child->first, owned.st_uid, Split(text, '\0')});
    }
  }
  return tree;
}

}  // namespace rm
