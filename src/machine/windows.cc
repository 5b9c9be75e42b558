#include "machine/windows.h"

#include <poll.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "apps/window_line.h"
#include "machine/wait.h"

namespace rm {
namespace {

constexpr Milliseconds kAnswerLimit{2'000};

// One display, with the rights of one user, and the processes that may have windows there.
struct Question {
  std::vector<ProcessId> processes;
  std::optional<WindowLine> line;
  std::map<pid_t, bool> shown;
  bool answered = false;
};

// Nothing counts before all is said: half an answer would change with the speed of the display.
bool Listen(Question& question) {
  while (const auto word = question.line->Hear()) {
    if (word->kind == WindowWord::kHas) question.shown[word->pid] |= word->shown;
    if (word->kind == WindowWord::kEnd) question.answered = true;
    if (word->kind == WindowWord::kEnd || word->kind == WindowWord::kTrouble) return true;
  }
  return question.line->over();
}

// A user can make a display say anything of any pid; here it counts for that user's own processes.
void Note(const Question& question, std::map<ProcessId, Contact>& contacts) {
  for (const ProcessId& process : question.processes) {
    Contact& contact = contacts[process];
    contact.display = true;
    const auto found = question.shown.find(process.pid);
    if (!question.answered || found == question.shown.end()) continue;
    contact.windows = true;
    contact.visible_window = found->second;
  }
}

}  // namespace

std::string WindowsProgram(const std::string& programs) { return programs + "/rm-windows"; }

void AddWindows(const std::map<ProcessId, DisplayAccess>& displays, const std::string& programs,
                std::map<ProcessId, Contact>& contacts, const std::stop_token& cancel) {
  std::map<DisplayAccess, Question> questions;
  for (const auto& [process, access] : displays) questions[access].processes.push_back(process);
  for (auto& [access, question] : questions) {
    auto line = WindowLine::Start(WindowsProgram(programs), access);
    if (!line) continue;
    question.line = std::move(*line);
    question.line->AskWho();
  }
  const TimePoint deadline = Clock::now() + kAnswerLimit;
  while (true) {
    std::vector<pollfd> events;
    for (auto& [access, question] : questions) {
      if (question.line && Listen(question)) question.line.reset();
      if (question.line) events.push_back({question.line->fd(), POLLIN, 0});
    }
    if (events.empty() || cancel.stop_requested() || Clock::now() >= deadline) break;
    if (!WaitForEvents(events, {}, deadline, cancel)) break;
  }
  for (const auto& [access, question] : questions) Note(question, contacts);
}

}  // namespace rm
