#include "machine/closings.h"

#include <algorithm>
#include <span>
#include <utility>

#include "machine/windows.h"
#include "procfs/display.h"

namespace rm {
namespace {

// What does not answer for so long hangs: contract.md 11.3, G4 and G5.
constexpr Milliseconds kPatience{5'000};

}  // namespace

std::optional<TimePoint> Closings::Standing::due() const {
  if (lost || (state && *state != CloseState::kClosed)) return std::nullopt;
  return since + kPatience;
}

bool Closings::Begin(const ProcessId& process) {
  const auto displays = ReadDisplays(proc_, std::span(&process, 1));
  if (!displays || displays->of.empty()) return false;
  const DisplayAccess& access = displays->of.begin()->second;
  auto line = lines_.find(access);
  if (line == lines_.end()) {
    auto started = WindowLine::Start(WindowsProgram(programs_), access);
    if (!started) return false;
    line = lines_.emplace(access, std::move(*started)).first;
  }
  line->second.Close(process.pid);
  asked_.insert_or_assign(process, Standing{access, std::nullopt, Clock::now(), "", false});
  return true;
}

void Closings::Listen() {
  for (auto& [access, line] : lines_) {
    while (const auto word = line.Hear()) Hear(access, *word);
    if (line.over()) Lose(access);
  }
  std::erase_if(lines_, [](const auto& entry) { return entry.second.over(); });
}

void Closings::Hear(const DisplayAccess& access, const WindowWord& word) {
  if (word.kind == WindowWord::kTrouble) Lose(access);
  if (word.kind != WindowWord::kState) return;
  for (auto& [process, standing] : asked_) {
    if (process.pid != word.pid || standing.access != access) continue;
    standing.state = word.state;
    standing.since = Clock::now();
    standing.question = word.state == CloseState::kWaiting ? word.text : "";
  }
}

void Closings::Lose(const DisplayAccess& access) {
  for (auto& [process, standing] : asked_)
    if (standing.access == access) standing.lost = true;
}

bool Closings::IsAtIt(const ProcessId& process) const {
  const auto found = asked_.find(process);
  if (found == asked_.end() || found->second.lost) return false;
  const Standing& standing = found->second;
  if (standing.state == CloseState::kNone) return false;
  const auto due = standing.due();
  return !due || Clock::now() < *due;
}

std::optional<std::string> Closings::TakeQuestion(const ProcessId& process) {
  const auto found = asked_.find(process);
  if (found == asked_.end() || found->second.question.empty()) return std::nullopt;
  return std::exchange(found->second.question, "");
}

void Closings::AddEvents(std::vector<pollfd>& events) const {
  for (const auto& [access, line] : lines_) events.push_back({line.fd(), POLLIN, 0});
}

std::optional<TimePoint> Closings::due() const {
  std::optional<TimePoint> first;
  for (const auto& [process, standing] : asked_) {
    const auto due = standing.due();
    if (due && *due > Clock::now() && (!first || *due < *first)) first = due;
  }
  return first;
}

void Closings::Forget(const ProcessId& process) { asked_.erase(process); }

void Closings::ForgetAll() {
  asked_.clear();
  lines_.clear();
}

}  // namespace rm
