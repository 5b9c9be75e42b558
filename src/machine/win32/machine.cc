#include <algorithm>

#include "base/win32/named_mutex.h"
#include "base/win32/wide.h"
#include "base/win32_codes.h"
#include "machine/machine_win32.h"
#include "machine/win32/departures.h"
#include "machine/win32/files.h"
#include "machine/win32/looking_alone.h"
#include "machine/win32/observe.h"
#include "machine/win32/processes.h"
#include "machine/win32/starts.h"

namespace rm {
namespace {

class Win32Machine final : public Machine {
 public:
  TimePoint Now() override { return Clock::now(); }

  Result<Caller> Self(const ProcessId& owner) override {
    Caller caller;
    caller.self = IdentifyByPid(::GetCurrentProcessId()).value_or(ProcessId{});
    if (owner.pid != 0 && owner != caller.self) caller.ancestors.push_back(owner);
    return caller;
  }

  Result<std::vector<FileResource>> IdentifyFiles(const std::vector<std::string>& paths) override {
    const LookingAlone alone({});
    std::vector<FileResource> files;
    for (const std::string& path : paths) {
      FileResource file;
      file.path = FullPath(path);
      file.at_registration = IdentityOf(file.path);
      files.push_back(std::move(file));
    }
    return files;
  }

  Result<std::optional<ProcessId>> IdentifyProcess(pid_t pid) override {
    return IdentifyByPid(static_cast<DWORD>(pid));
  }

  Result<UnitFacts> DescribeUnit(const UnitRef& unit) override {
    const std::vector<Service> services = ListServices();
    if (const Service* service = FindService(services, unit)) return FactsOf(*service, services);
    UnitFacts facts;
    facts.ref = unit;
    facts.names = {unit.name};
    facts.load_state = "not-found";
    facts.active_state = "inactive";
    return facts;
  }

  Result<Observation> Observe(const Registration& registered, const ObserveOptions& options,
                              std::stop_token cancel) override {
    return ObserveWin32(registered, options, cancel);
  }

  std::string WithoutLinks(const std::string& path) override {
    const LookingAlone alone({});
    return FoldedPath(path);
  }
  // Asked for by functions that Rstrtmgr.dll does not have.
  Result<TreeFound> IdentifyTree(const std::string&, bool, std::stop_token) override {
    return Fail(kBadArguments, "directories are not registered as trees on Windows");
  }
  Result<MappedScan> ScanMapped(std::stop_token) override {
    return Fail(kBadArguments, "outdated code is not looked for on Windows");
  }

  bool IsAlive(const ProcessId& process) override { return IsProcessAlive(process); }
  // The runs of a service have no names.
  std::string RunOf(const UnitRef&) override { return ""; }
  bool HasEndedSince(const Debt&) override { return false; }

  // Windows has nothing that would keep a service from being started, or start it later: what is
  // owed is in the store, and the next session of the user pays it if this process dies.
  Result<void> Hold(const HoldRequest&) override { return {}; }
  Result<void> QueueRelaunch(const HoldRequest&, Debt&) override { return {}; }
  Result<std::shared_ptr<void>> BeginPaying(const std::string&, const std::string& session,
                                            TimePoint deadline) override {
    const std::wstring name =
        L"Local\\RstrMgr3887CAB8-533F-4C85-B0DC-3E5639F8D511-Pay-" + Wide(session);
    auto mutex = std::make_shared<NamedMutex>(name.c_str());
    const auto left = std::chrono::ceil<Milliseconds>(deadline - Now()).count();
    if (!mutex->Take(static_cast<DWORD>(std::max<long long>(left, 0))))
      return Fail(kSemTimeout, "Somebody else stops or starts programs for the session {}.",
                  session);
    return std::shared_ptr<void>(std::move(mutex));
  }
  void CleanUp(const std::string&, const std::string&) override {}
  Result<void> Release(const std::string&, const std::vector<Debt>&) override { return {}; }
  Result<void> CancelStart(const Debt&) override { return {}; }
  bool CallOffLateReturn(const std::string&, const Debt&) override { return false; }

  Result<bool> Query(size_t number, const App& app) override {
    return departures_.Query(number, app);
  }
  Result<std::vector<Answer>> AwaitAnswers(TimePoint deadline, std::stop_token cancel) override {
    return departures_.AwaitAnswers(deadline, cancel);
  }
  void CallOff(size_t number) override { departures_.CallOff(number); }
  Result<Told> Ask(size_t number, const App& app, bool, bool) override {
    return departures_.Ask(number, app);
  }
  Result<void> Kill(size_t number) override { return departures_.Kill(number); }
  Result<std::vector<Departure>> AwaitDepartures(TimePoint deadline,
                                                 std::stop_token cancel) override {
    return departures_.AwaitDepartures(deadline, cancel);
  }
  void Forget() override { departures_.Forget(); }

  Result<void> Start(Debt& debt) override { return StartDebt(debt); }
  Result<bool> AwaitStarted(
      std::vector<Debt>& debts, TimePoint deadline, std::stop_token cancel,
      const std::function<void(const Debt&, const std::string& why)>& decided) override {
    return AwaitServices(debts, deadline, cancel, decided);
  }

 private:
  static std::string FullPath(const std::string& path) {
    std::wstring full(32768, L'\0');  // more than a small stack has room for
    const DWORD size = ::GetFullPathNameW(Wide(path).c_str(), static_cast<DWORD>(full.size()),
                                          full.data(), nullptr);
    return size > 0 && size < full.size() ? Narrow({full.data(), size}) : path;
  }

  Departures departures_;
};

}  // namespace

std::shared_ptr<Machine> MakeWin32Machine() { return std::make_shared<Win32Machine>(); }

}  // namespace rm
