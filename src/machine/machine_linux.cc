#include "machine/machine_linux.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <utility>

#include "apps/ask.h"
#include "base/win32_codes.h"
#include "code/mapped_scan.h"
#include "machine/departures.h"
#include "machine/holder_finder.h"
#include "machine/holds.h"
#include "machine/kept_files.h"
#include "machine/observe.h"
#include "machine/service_managers.h"
#include "machine/starts.h"
#include "procfs/identity.h"
#include "procfs/process.h"
#include "procfs/tree.h"
#include "systemd/cgroup.h"

namespace rm {
namespace {

Result<Backend> BackendOfEnvironment() {
  const char* text = secure_getenv("RESTART_MANAGER_BACKEND");
  const std::string name = text ? text : "";
  if (name.empty() || name == "auto") return Backend::kAuto;
  if (name == "proc") return Backend::kProc;
  if (name == "bpf") return Backend::kBpf;
  return Fail(kBadArguments, "RESTART_MANAGER_BACKEND is neither auto, proc nor bpf.");
}

class LinuxMachine final : public Machine {
 public:
  LinuxMachine(ProcTree proc, std::string programs, Backend usual)
      : proc_(std::move(proc)),
        usual_(usual),
        programs_(programs),
        departures_(proc_, managers_, programs),
        holds_(managers_, std::move(programs)) {}

  TimePoint Now() override { return Clock::now(); }

  Result<Caller> Self(const ProcessId& owner) override {
    Caller caller;
    caller.uid = geteuid();
    auto self = ReadProcess(proc_, getpid());
    if (!self) return Pass(std::move(self));
    if (!*self) return Fail(kAccessDenied, "/proc does not show the calling process");
    caller.self = (*self)->id;
    if (Manager::Booted()) caller.owner = OwnerFromCgroup((*self)->cgroup);
    for (const ProcessId& process : {caller.self, owner}) {
      auto ancestors = Ancestors(proc_, process.pid);
      if (!ancestors) return Pass(std::move(ancestors));
      if (process == owner && owner != caller.self) caller.ancestors.push_back(owner);
      caller.ancestors.insert(caller.ancestors.end(), ancestors->begin(), ancestors->end());
    }
    return caller;
  }

  std::string WithoutLinks(const std::string& path) override { return rm::WithoutLinks(path); }
  Result<std::vector<FileResource>> IdentifyFiles(const std::vector<std::string>& paths) override {
    return rm::IdentifyFiles(paths);
  }

  Result<TreeFound> IdentifyTree(const std::string& path, bool other_file_systems,
                                 std::stop_token cancel) override {
    auto file = IdentifyFile(path);
    if (!file) return Pass(std::move(file));
    if (file->at_registration && !S_ISDIR(file->at_registration->mode))
      return Fail(kBadArguments, "{} is no directory: name or register it as a file", path);
    if (file->unreachable) {
      file->tree = Tree{other_file_systems, {}};
      return TreeFound{std::move(*file), {{path, "its file system does not answer"}}};
    }
    auto walk = WalkTree(path, {other_file_systems, std::move(cancel)});
    if (!walk) return Pass(std::move(walk));
    file->tree = Tree{other_file_systems, std::move(walk->entries)};
    return TreeFound{std::move(*file), std::move(walk->skipped)};
  }

  Result<std::optional<ProcessId>> IdentifyProcess(pid_t pid) override {
    return Identify(proc_, pid);
  }

  Result<UnitFacts> DescribeUnit(const UnitRef& unit) override {
    if (!Manager::Booted()) {
      UnitFacts none;
      none.ref = unit;
      none.load_state = "no-systemd";
      return none;
    }
    auto manager = managers_.Of(unit.user);
    if (!manager) return Pass(std::move(manager));
    return (*manager)->Describe(unit.name);
  }

  Result<Observation> Observe(const Registration& registered, const ObserveOptions& options,
                              std::stop_token cancel) override {
    ObserveOptions chosen = options;
    if (chosen.backend == Backend::kAuto) chosen.backend = usual_;
    auto seen =
        ObserveMachine(proc_, finder_, programs_, managers_, registered, chosen, std::move(cancel));
    if (!seen) return seen;
    std::vector<ProcessId> answering;
    for (const auto& [process, contact] : seen->contacts)
      if (contact.answers) answering.push_back(process);
    departures_.questions().Expect(std::move(answering));
    return seen;
  }

  bool IsAlive(const ProcessId& process) override { return rm::IsAlive(process); }

  std::string RunOf(const UnitRef& unit) override { return holds_.RunOf(unit); }
  bool HasEndedSince(const Debt& debt) override { return holds_.HasEndedSince(debt); }

  Result<MappedScan> ScanMapped(std::stop_token cancel) override {
    return ScanMappedFiles(proc_, {.cancel = std::move(cancel)});
  }

  Result<void> Hold(const HoldRequest& request) override { return holds_.Begin(request); }

  Result<void> QueueRelaunch(const HoldRequest& request, Debt& debt) override {
    return holds_.QueueRelaunch(request, debt);
  }

  Result<bool> Query(size_t number, const App& app) override {
    return departures_.questions().Query(number, app);
  }

  Result<std::vector<Answer>> AwaitAnswers(TimePoint deadline, std::stop_token cancel) override {
    return departures_.questions().Await(deadline, cancel);
  }

  void CallOff(size_t number) override { departures_.questions().CallOff(number); }

  Result<Told> Ask(size_t number, const App& app, bool comes_back, bool by_us) override {
    return departures_.Ask(number, app, comes_back, by_us);
  }

  Result<void> Kill(size_t number) override { return departures_.Kill(number); }

  Result<std::vector<Departure>> AwaitDepartures(TimePoint deadline,
                                                 std::stop_token cancel) override {
    return departures_.Await(deadline, cancel);
  }

  void Forget() override { departures_.Forget(); }

  Result<std::shared_ptr<void>> BeginPaying(const std::string& store_directory,
                                            const std::string& session,
                                            TimePoint deadline) override {
    return rm::BeginPaying(store_directory, session, deadline);
  }

  void CleanUp(const std::string& store_directory, const std::string& session) override {
    rm::CleanUp(store_directory, session);
  }

  Result<void> Release(const std::string& session, const std::vector<Debt>& debts) override {
    return holds_.Release(session, debts);
  }

  Result<void> CancelStart(const Debt& debt) override { return holds_.CancelStart(debt); }
  bool CallOffLateReturn(const std::string& store_directory, const Debt& debt) override {
    return holds_.CallOffLateReturn(store_directory, debt);
  }

  Result<void> Start(Debt& debt) override { return holds_.Start(debt); }

  Result<bool> AwaitStarted(std::vector<Debt>& debts, TimePoint deadline, std::stop_token cancel,
                            const DecidedSink& decided) override {
    return AwaitStarts(proc_, managers_, holds_.launching(), debts, deadline, cancel, decided);
  }

 private:
  ProcTree proc_;
  const Backend usual_;
  HolderFinder finder_{proc_};
  const std::string programs_;
  ServiceManagers managers_;
  Departures departures_;
  Holds holds_;
};

}  // namespace

Result<std::unique_ptr<Machine>> MakeLinuxMachine(std::string programs) {
  auto proc = ProcTree::Open();
  if (!proc) return Pass(std::move(proc));
  // Its numbers are those of other processes here.
  if (!proc->live())
    return Fail(
        kAccessDenied,
        "/proc is that of another pid namespace. Mount the one of this there (mount -t proc "
        "proc /proc).");
  auto usual = BackendOfEnvironment();
  if (!usual) return Pass(std::move(usual));
  return std::make_unique<LinuxMachine>(std::move(*proc), std::move(programs), *usual);
}

}  // namespace rm
