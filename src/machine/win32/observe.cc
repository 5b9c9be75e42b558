#include "machine/win32/observe.h"

#include <algorithm>
#include <set>

#include "base/win32/redirection.h"
#include "machine/machine_win32.h"
#include "machine/win32/files.h"
#include "machine/win32/inspection.h"
#include "machine/win32/looking_alone.h"
#include "machine/win32/processes.h"
#include "machine/win32/restart_settings.h"
#include "machine/win32/top_levels.h"

namespace rm {
namespace {

// Of an image, by the name that the system has for it.
std::optional<FileIdentity> IdentityOfImage(const std::string& path) {
  const Unredirected unredirected;
  return IdentityOf(path);
}

DWORD Pid(const ProcessId& process) { return static_cast<DWORD>(process.pid); }

class Look {
 public:
  Look(const Registration& registered, const ObserveOptions& options, const std::stop_token& cancel)
      : registered_(registered), options_(options), cancel_(cancel), listed_(ListProcesses()) {}

  Observation Run() {
    const Targets targets(registered_.files);
    seen_.holdings = FindHandles(targets, listed_, cancel_);
    if (targets.any_image()) FindImages(targets);
    std::set<ProcessId> users;
    for (const Holding& holding : seen_.holdings) users.insert(holding.process);
    for (const ProcessId& process : registered_.processes)
      if (const auto found = listed_.find(Pid(process));
          found != listed_.end() && found->second.id == process)
        users.insert(process);
    if (users.empty() && registered_.services.empty()) return std::move(seen_);
    services_ = ListServices();
    AddServices(users);
    std::vector<ProcessId> unseen;
    for (const ProcessId& process : users)
      if (!inspected_.contains(process)) unseen.push_back(process);
    inspected_.merge(InspectAll(unseen));
    Describe(users);
    AddRestarts(users);
    return std::move(seen_);
  }

 private:
  // Images and the libraries beside them. One file is opened once, however many have it loaded.
  void FindImages(const Targets& targets) {
    std::vector<ProcessId> all;
    for (const auto& [pid, process] : listed_) all.push_back(process.id);
    inspected_ = InspectAll(all);
    std::map<std::string, std::optional<FileIdentity>> objects;
    const auto object = [&](const std::string& path) -> const std::optional<FileIdentity>& {
      const auto [found, added] = objects.try_emplace(path);
      if (added) found->second = IdentityOfImage(path);
      return found->second;
    };
    for (const ProcessId& process : all) {
      if (cancel_.stop_requested()) return;
      const std::string image = ImagePath(process);
      if (image.empty()) {
        seen_.unreadable.push_back(process);
        continue;
      }
      if (const auto& file = object(image))
        targets.Match(
            process, *file, [&] { return IdentityOfImage(image); }, HoldKind::kExecutable,
            seen_.holdings);
      const auto inspected = inspected_.find(process);
      if (inspected == inspected_.end()) continue;
      for (const std::string& module : inspected->second.modules)
        if (module != image)
          if (const auto& file = object(module))
            targets.Match(
                process, *file, [&] { return IdentityOfImage(module); }, HoldKind::kMapping,
                seen_.holdings);
    }
  }

  // The services that were registered, and those that hold something. Their processes are users.
  void AddServices(std::set<ProcessId>& users) {
    std::set<const Service*> wanted;
    for (const UnitRef& unit : registered_.services)
      if (const Service* service = FindService(services_, unit)) wanted.insert(service);
    for (const ProcessId& process : users)
      for (const Service& service : services_)
        if (service.pid == Pid(process)) {
          wanted.insert(&service);
          seen_.owners.emplace(process,
                               Owner{UnitOf(service), OwnerKind::kService, SessionOf(process)});
        }
    for (const Service* service : wanted) {
      UnitFacts facts = FactsOf(*service, services_);
      for (const UnitRef& unit : registered_.services)
        if (FindService(services_, unit) == service) facts.names.push_back(unit.name);
      seen_.units.push_back(std::move(facts));
      if (const auto host = listed_.find(service->pid); host != listed_.end())
        users.insert(host->second.id);
    }
  }

  DWORD SessionOf(const ProcessId& process) const { return listed_.at(Pid(process)).session; }

  // Those that have ended meanwhile are left out.
  void Describe(std::set<ProcessId>& users) {
    DWORD own_session = 0;
    ::ProcessIdToSessionId(::GetCurrentProcessId(), &own_session);
    std::set<DWORD> pids;
    for (const ProcessId& process : users) pids.insert(Pid(process));
    const auto windows = TopLevelsOf(pids);
    const DWORD shell = ShellProcess();
    for (auto user = users.begin(); user != users.end();) {
      const ProcessId process = *user;
      const bool may_end = static_cast<bool>(OpenSame(process, PROCESS_TERMINATE));
      if (!may_end && !IsProcessAlive(process)) {
        user = users.erase(user);
        continue;
      }
      ++user;
      const ListedProcess& listed = listed_.at(Pid(process));
      const std::string image = ImagePath(process);
      const Unredirected unredirected;
      ProcessFacts facts;
      facts.id = process;
      facts.parent = static_cast<pid_t>(listed.parent);
      facts.executable = image.empty() ? "" : FoldedPath(image);
      facts.name = image.empty() ? listed.name : FriendlyName(image);
      // One that the caller may end belongs to it.
      facts.uid = facts.euid = may_end ? 0 : 1;
      facts.other_pid_namespace = listed.session != own_session;
      seen_.owners.emplace(process, Owner{{}, OwnerKind::kOther, listed.session});
      const auto found = windows.find(Pid(process));
      SetContact(facts, image, found == windows.end() ? std::vector<HWND>() : found->second,
                 shell != 0 && shell == Pid(process));
      seen_.processes.emplace(process, std::move(facts));
    }
    std::erase_if(seen_.holdings,
                  [&](const Holding& holding) { return !users.contains(holding.process); });
  }

  // contract.md 8 and 23.1: who shows a window has a main window; a program of the console
  // subsystem is a console program even with hidden windows; without a console and without windows
  // nothing reaches it.
  void SetContact(ProcessFacts& facts, const std::string& image, const std::vector<HWND>& windows,
                  bool shell) {
    const bool console_program = !image.empty() && IsConsoleProgram(image);
    const auto inspected = inspected_.find(facts.id);
    facts.has_terminal =
        console_program && inspected != inspected_.end() && inspected->second.has_console;
    facts.ignores_term = true;
    if (windows.empty()) return;
    Contact contact;
    contact.visible_window = std::any_of(windows.begin(), windows.end(), IsMainWindow);
    contact.windows = contact.visible_window || !console_program;
    contact.answers = contact.visible_window || !facts.has_terminal;
    contact.shell = shell;
    seen_.contacts.emplace(facts.id, contact);
  }

  void AddRestarts(const std::set<ProcessId>& users) {
    for (const ProcessId& process : users) {
      RelaunchSpec spec;
      spec.was = process;
      spec.executable = ImagePath(process);
      RestartSettings settings = RestartSettingsOf(process);
      const auto inspected = inspected_.find(process);
      if (settings.unknowable && inspected != inspected_.end() && !IsWorker(process, users)) {
        settings.registered = RestartRegistration{{ArgumentsOf(inspected->second.command_line)}, 0};
        spec.directory = inspected->second.directory;
      }
      if (settings.registered)
        seen_.registered_for_restart.emplace(process, std::move(*settings.registered));
      if (options_.capture && !spec.executable.empty())
        seen_.captured.emplace(process, std::move(spec));
    }
  }

  // Its parent, which is affected too, is the same program and starts it.
  bool IsWorker(const ProcessId& process, const std::set<ProcessId>& users) const {
    const ProcessFacts& own = seen_.processes.at(process);
    return std::any_of(users.begin(), users.end(), [&](const ProcessId& other) {
      const ProcessFacts& parent = seen_.processes.at(other);
      return other.pid == own.parent && other.start_ticks <= process.start_ticks &&
             parent.executable == own.executable;
    });
  }

  const Registration& registered_;
  const ObserveOptions& options_;
  const std::stop_token& cancel_;
  const std::map<DWORD, ListedProcess> listed_;
  std::vector<Service> services_;
  std::map<ProcessId, Inspection> inspected_;
  Observation seen_;
};

}  // namespace

Observation ObserveWin32(const Registration& registered, const ObserveOptions& options,
                         const std::stop_token& cancel) {
  const LookingAlone alone(cancel);
  return Look(registered, options, cancel).Run();
}

}  // namespace rm
