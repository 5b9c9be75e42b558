#include "machine/win32/departures.h"

#include <algorithm>
#include <set>

#include "base/win32/system_error.h"
#include "base/win32_codes.h"
#include "machine/win32/inspection.h"
#include "machine/win32/processes.h"
#include "machine/win32/services.h"
#include "machine/win32/top_levels.h"

namespace rm {
namespace {

// Between two looks at services, which signal nothing here, and at whether we are cancelled: the
// end of a std::stop_callback that runs can wait for ever, for libstdc++ 12 has no futex here, and
// notifies its condition variable without the lock.
constexpr DWORD kPoll = 20;  // ms
constexpr size_t kWaitMost = MAXIMUM_WAIT_OBJECTS - 1;

bool HasEnded(const UniqueHandle& process) {
  return ::WaitForSingleObject(process.get(), 0) == WAIT_OBJECT_0;
}

bool AllEnded(const std::vector<UniqueHandle>& processes) {
  return std::all_of(processes.begin(), processes.end(), HasEnded);
}

std::vector<HWND> WindowsOf(const App& app) {
  std::set<DWORD> pids;
  for (const ProcessId& process : app.processes) pids.insert(static_cast<DWORD>(process.pid));
  std::vector<HWND> windows;
  for (auto& [pid, own] : TopLevelsOf(pids)) windows.insert(windows.end(), own.begin(), own.end());
  return windows;
}

// The manager of Wine goes on calling one running that was killed; then it has no process.
bool HasLostItsProcess(const SERVICE_STATUS_PROCESS& status) {
  if (status.dwProcessId == 0) return status.dwCurrentState != SERVICE_START_PENDING;
  const UniqueHandle process(::OpenProcess(SYNCHRONIZE, FALSE, status.dwProcessId));
  return process ? HasEnded(process) : ::GetLastError() == ERROR_INVALID_PARAMETER;
}

// Ends the process of a service that was asked to stop and goes on; what it is is looked at again
// when it is opened, so that nobody else gets it who has the number by then.
void KillHost(const std::string& name) {
  const auto status = StatusOf(name);
  if (!status || status->dwProcessId == 0 || status->dwProcessId == ::GetCurrentProcessId()) return;
  const UniqueHandle process(::OpenProcess(PROCESS_TERMINATE, FALSE, status->dwProcessId));
  const auto again = StatusOf(name);
  if (process && again && again->dwProcessId == status->dwProcessId)
    ::TerminateProcess(process.get(), 1);
}

std::string Name(const UnitRef& unit) { return ToString(unit); }

}  // namespace

Departures::Departures() : said_(::CreateEventW(nullptr, FALSE, FALSE, nullptr)) {}

Departures::Asked& Departures::Remember(size_t number, const App& app) {
  const auto [found, added] = asked_.try_emplace(number);
  Asked& asked = found->second;
  if (!added) return asked;
  asked.processes = app.processes;
  for (const ProcessId& process : app.processes)
    if (UniqueHandle handle = OpenSame(process, 0)) asked.handles.push_back(std::move(handle));
  return asked;
}

Result<bool> Departures::Query(size_t number, const App& app) {
  Asked& asked = Remember(number, app);
  std::vector<HWND> windows = WindowsOf(app);
  if (windows.empty() || asked.handles.empty()) return false;
  asked.talk = std::make_unique<WindowTalk>(std::move(windows), said_.get());
  asked.talk->Query();
  return true;
}

Result<std::vector<Answer>> Departures::AwaitAnswers(TimePoint deadline,
                                                     const std::stop_token& cancel) {
  for (;;) {
    std::vector<Answer> answers;
    for (auto& [number, asked] : asked_) {
      if (!asked.talk || asked.answered) continue;
      const TalkState state = asked.talk->state();
      const bool gone = AllEnded(asked.handles);
      if (!gone && state == TalkState::kOpen) continue;
      asked.answered = true;
      answers.push_back({number,
                         gone                           ? AnswerKind::kGone
                         : state == TalkState::kRefuses ? AnswerKind::kRefuses
                                                        : AnswerKind::kAgrees,
                         ""});
    }
    if (!answers.empty() || cancel.stop_requested() || Clock::now() >= deadline) return answers;
    Wait(deadline);
  }
}

void Departures::CallOff(size_t number) {
  const auto asked = asked_.find(number);
  if (asked == asked_.end()) return;
  if (asked->second.talk) asked->second.talk->CallOff();
  asked_.erase(asked);
}

Result<Told> Departures::Ask(size_t number, const App& app) {
  Asked& asked = Remember(number, app);
  asked.departing = true;
  if (app.is_service()) {
    // Who needs it goes first, in the order of UnitFacts::goes_along; it is the last.
    for (const UnitRef& unit : app.goes_along) asked.services.push_back(Name(unit));
    asked.services.push_back(Name(*app.unit));
    if (const std::string trouble = StopNext(asked); !trouble.empty())
      return Fail(kFailShutdown, "{}", trouble);
    return Told::kToLeave;
  }
  if (AllEnded(asked.handles)) return Told::kGone;
  if (app.type == AppType::kUnknown) {
    if (auto killed = Kill(number); !killed) return Pass(std::move(killed));
    return Told::kToLeave;
  }
  if (!asked.talk) {
    std::vector<HWND> windows = app.answers ? WindowsOf(app) : std::vector<HWND>();
    if (!windows.empty())
      asked.talk = std::make_unique<WindowTalk>(std::move(windows), said_.get());
  }
  if (asked.talk) {
    asked.talk->End();
    return Told::kToLeave;
  }
  if (std::string trouble = Interrupt(static_cast<DWORD>(app.main.pid)); !trouble.empty())
    return Fail(kFailShutdown, "{}", trouble);
  return Told::kToLeave;
}

std::string Departures::StopNext(Asked& asked) {
  while (!asked.services.empty()) {
    const std::string& name = asked.services.front();
    const auto status = StatusOf(name);
    if (!status || status->dwCurrentState == SERVICE_STOPPED || HasLostItsProcess(*status)) {
      asked.services.erase(asked.services.begin());
      asked.stopping = false;
      continue;
    }
    if (asked.stopping) return "";
    auto stopped = StopService(name);
    if (!stopped) return stopped.error().message;
    asked.stopping = *stopped && status->dwCurrentState != SERVICE_START_PENDING;
    return "";
  }
  return "";
}

Result<void> Departures::Kill(size_t number) {
  const auto asked = asked_.find(number);
  if (asked == asked_.end()) return {};
  // Who needs it goes with it, by force as well.
  for (const std::string& service : asked->second.services) KillHost(service);
  for (const ProcessId& process : asked->second.processes) {
    const UniqueHandle handle = OpenSame(process, PROCESS_TERMINATE);
    if (!handle || ::TerminateProcess(handle.get(), 1) || HasEnded(handle)) continue;
    return Fail(kFailShutdown, "process {} cannot be ended: {}", process.pid, LastSystemError());
  }
  return {};
}

Result<std::vector<Departure>> Departures::AwaitDepartures(TimePoint deadline,
                                                           const std::stop_token& cancel) {
  for (;;) {
    std::vector<Departure> departures;
    for (auto& [number, asked] : asked_) {
      if (!asked.departing || asked.told) continue;
      const std::string trouble = StopNext(asked);
      // A service has left when it is stopped and its process has ended. Others of the same process
      // are stopped with it, so that it ends.
      const bool gone = asked.services.empty() && AllEnded(asked.handles);
      if (!gone && trouble.empty()) continue;
      asked.told = true;
      departures.push_back({number, gone, gone ? "" : trouble});
    }
    if (!departures.empty() || cancel.stop_requested() || Clock::now() >= deadline)
      return departures;
    Wait(deadline);
  }
}

// Until a process ends or somebody answers; or for a while.
void Departures::Wait(TimePoint deadline) {
  std::vector<HANDLE> handles{said_.get()};
  for (const auto& [number, asked] : asked_)
    for (const UniqueHandle& handle : asked.handles) {
      if (asked.told || asked.answered != asked.departing || HasEnded(handle)) continue;
      if (handles.size() < kWaitMost) handles.push_back(handle.get());
    }
  const auto left = std::chrono::ceil<Milliseconds>(deadline - Clock::now()).count();
  ::WaitForMultipleObjects(static_cast<DWORD>(handles.size()), handles.data(), FALSE,
                           static_cast<DWORD>(std::clamp<long long>(left, 0, kPoll)));
}

}  // namespace rm
