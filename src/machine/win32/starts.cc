#include "machine/win32/starts.h"

#include <windows.h>

#include <algorithm>

#include "base/win32/handle.h"
#include "base/win32/redirection.h"
#include "base/win32/system_error.h"
#include "base/win32/wide.h"
#include "base/win32_codes.h"
#include "machine/win32/looking_alone.h"
#include "machine/win32/processes.h"
#include "machine/win32/services.h"

namespace rm {
namespace {

constexpr DWORD kPoll = 20;  // ms

Result<void> StartProgram(const RelaunchSpec& spec) {
  std::string line = "\"" + spec.executable + "\"";
  for (size_t i = 1; i < spec.arguments.size(); ++i)
    if (!spec.arguments[i].empty()) line += " " + spec.arguments[i];
  std::wstring text = Wide(line);
  STARTUPINFOW startup{};
  startup.cb = sizeof startup;
  PROCESS_INFORMATION process{};
  const std::wstring directory = Wide(spec.directory);
  const Unredirected unredirected;
  const auto console = [&] {
    const LookingAlone alone({});  // it opens the program
    return IsConsoleProgram(spec.executable);
  }();
  const DWORD flags = console ? CREATE_NEW_CONSOLE : 0;
  if (!::CreateProcessW(Wide(spec.executable).c_str(), text.data(), nullptr, nullptr, FALSE, flags,
                        nullptr, directory.empty() ? nullptr : directory.c_str(), &startup,
                        &process))
    return Fail(kFailRestart, "{} cannot be started: {}", spec.executable, LastSystemError());
  const UniqueHandle thread(process.hThread);
  const UniqueHandle handle(process.hProcess);
  return {};
}

}  // namespace

Result<void> StartDebt(Debt& debt) {
  if (debt.unit) return StartService(ToString(*debt.unit));
  // It never left.
  if (OpenSame(debt.process->was, 0)) return {};
  if (auto started = StartProgram(*debt.process); !started) return started;
  debt.state = DebtState::kPaid;
  return {};
}

bool AwaitServices(std::vector<Debt>& debts, TimePoint deadline, const std::stop_token& cancel,
                   const std::function<void(const Debt&, const std::string& why)>& decided) {
  for (;;) {
    bool open = false;
    for (Debt& debt : debts) {
      if (debt.state != DebtState::kOwed || !debt.unit) continue;
      const auto status = StatusOf(ToString(*debt.unit));
      const DWORD state = status ? status->dwCurrentState : SERVICE_STOPPED;
      if (state == SERVICE_START_PENDING) {
        open = true;
        continue;
      }
      debt.state = state == SERVICE_RUNNING ? DebtState::kPaid : DebtState::kFailed;
      decided(debt, debt.state == DebtState::kPaid ? "" : "the service stopped again");
    }
    if (!open) return true;
    if (cancel.stop_requested() || Clock::now() >= deadline) return false;
    ::Sleep(kPoll);
  }
}

}  // namespace rm
