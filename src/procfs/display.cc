#include "procfs/display.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/blob.h"
#include "procfs/child_answers.h"
#include "procfs/parse.h"
#include "procfs/process_dir.h"
#include "procfs/read.h"
#include "procfs/running_program.h"

namespace rm {
namespace {

// execve(2) allows arguments and environment 6 MiB together.
constexpr size_t kMostEnvironment = 6 << 20;
// What an environment says twice counts once, as for getenv(3): the first.
std::optional<std::string> ValueOf(std::string_view environment, std::string_view name) {
  while (!environment.empty()) {
    const std::string_view entry = environment.substr(0, environment.find('\0'));
    environment.remove_prefix(std::min(environment.size(), entry.size() + 1));
    if (entry.size() > name.size() && entry.starts_with(name) && entry[name.size()] == '=')
      return std::string(entry.substr(name.size() + 1));
  }
  return std::nullopt;
}

std::string PathOf(std::string_view environment, std::string_view name) {
  const auto value = ValueOf(environment, name);
  return value && value->starts_with('/') ? *value : "";
}

// Waits as long as the process likes.
std::optional<DisplayAccess> ReadDisplayAccess(const ProcTree& proc, const ProcessId& process) {
  UniqueFd directory;
  ProcessStat stat;
  std::string environment;
  RunningProgram program;
  if (OpenProcess(proc, process.pid, directory) || program.Open(directory.get()) ||
      ReadFileAt(directory.get(), "environ", kMostEnvironment, environment) ||
      !program.IsThere(directory.get()) || ReadStat(directory.get(), stat) ||
      stat.start_ticks != process.start_ticks)
    return std::nullopt;
  const auto named = ValueOf(environment, "DISPLAY");
  const auto display = named ? LocalDisplay(*named) : std::nullopt;
  const std::vector<uint64_t> users = ParseNumbers(FieldOf(program.status(), "Uid"));
  const std::vector<uint64_t> groups = ParseNumbers(FieldOf(program.status(), "Gid"));
  if (!display || users.empty() || groups.empty()) return std::nullopt;
  return DisplayAccess{static_cast<uid_t>(users[0]), static_cast<gid_t>(groups[0]), *display,
                       PathOf(environment, "XAUTHORITY"), PathOf(environment, "HOME")};
}

}  // namespace

template <class Blob, class Value>
requires std::same_as<std::remove_const_t<Value>, DisplayAccess>
void Fields(Blob& blob, Value& access) {
  blob(access.uid, access.gid, access.display, access.authority, access.home);
}

Result<Displays> ReadDisplays(const ProcTree& proc, std::span<const ProcessId> processes,
                              std::chrono::milliseconds patience) {
  Displays displays;
  if (processes.empty()) return displays;
  ChildQuestions questions;
  questions.count = processes.size();
  questions.descriptor = proc.fd();
  questions.answer = [&](size_t i) {
    BlobWriter blob("");
    if (const auto access = ReadDisplayAccess(proc, processes[i])) blob(*access);
    return blob.bytes();
  };
  auto answers = AnswersFromChild(questions, patience);
  if (!answers) return Pass(std::move(answers));
  for (size_t i = 0; i < processes.size(); ++i) {
    if (!(*answers)[i]) {
      displays.unanswered.push_back(processes[i]);
      continue;
    }
    DisplayAccess access;
    BlobReader blob(*(*answers)[i], "");
    blob(access);
    if (blob.complete()) displays.of.emplace(processes[i], std::move(access));
  }
  return displays;
}

}  // namespace rm
