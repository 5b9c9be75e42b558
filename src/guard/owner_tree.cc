#include "guard/owner_tree.h"

#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <set>

#include "procfs/child_answers.h"
#include "procfs/process.h"
#include "procfs/process_dir.h"
#include "procfs/read.h"

namespace rm {
namespace {

constexpr std::chrono::milliseconds kAnswerLimit{1000};

// "" when it has ended.
std::string ReadCommandLine(const ProcTree& proc, const ProcessId& process) {
  UniqueFd directory;
  ProcessStat stat;
  std::string text;
  if (OpenProcess(proc, process.pid, directory) != 0 || ReadStat(directory.get(), stat) != 0 ||
      stat.start_ticks != process.start_ticks ||
      ReadFileAt(directory.get(), "cmdline", kSmallFile, text) != 0) {
    return "";
  }
  return text;
}

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
  std::multimap<pid_t, Descendant> children;
  for (const pid_t pid : *pids) {
    UniqueFd directory;
    ProcessStat stat;
    if (OpenProcess(proc, pid, directory) != 0 || ReadStat(directory.get(), stat) != 0) continue;
    children.emplace(stat.parent, Descendant{{pid, stat.start_ticks}, stat.parent, 0, stat.name});
  }
  std::vector<Descendant> tree;
  std::set<pid_t> seen{owner};
  std::vector<pid_t> open{owner};
  while (!open.empty()) {
    const auto [begin, end] = children.equal_range(open.back());
    open.pop_back();
    for (auto child = begin; child != end; ++child) {
      Descendant& found = child->second;
      if (!seen.insert(found.id.pid).second) continue;
      open.push_back(found.id.pid);
      UniqueFd directory;
      struct stat owned = {};
      if (OpenProcess(proc, found.id.pid, directory) != 0 || fstat(directory.get(), &owned) < 0)
        continue;
      found.uid = owned.st_uid;
      tree.push_back(std::move(found));
    }
  }
  return tree;
}

Result<std::vector<std::optional<std::vector<std::string>>>> CommandLines(
    const ProcTree& proc, const std::vector<ProcessId>& processes) {
  std::vector<std::optional<std::vector<std::string>>> lines(processes.size());
  if (processes.empty()) return lines;
  ChildQuestions questions;
  questions.count = processes.size();
  questions.answer = [&](size_t i) { return ReadCommandLine(proc, processes[i]); };
  questions.descriptor = proc.fd();
  auto answers = AnswersFromChild(questions, kAnswerLimit);
  if (!answers) return Pass(std::move(answers));
  for (size_t i = 0; i < lines.size(); ++i)
    if ((*answers)[i]) lines[i] = Split(*(*answers)[i], '\0');
  return lines;
}

}  // namespace rm
