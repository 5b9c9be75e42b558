#include <fmt/core.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <restartmanager.hpp>

#include "cli/ancestry.h"
#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/paths.h"
#include "cli/progress.h"
#include "cli/run_report.h"
#include "cli/stop.h"
#include "cli/stop_signals.h"
#include "cli/targets.h"
#include "cli/text.h"

namespace rm::cli {
namespace {

int Failed(const api::Error& error) {
  Complain("{}", error.text);
  return ExitCodeOfError(error.code);
}

int Done(const api::Result<void>& result) { return result ? 0 : Failed(result.error()); }

api::Result<std::string> ReadKey(const std::string& written) {
  std::string key = written;
  if (written == "-") {
    std::getline(std::cin, key);
  } else if (written.empty()) {
    const char* from_environment = std::getenv("RESTART_MANAGER_SESSION");
    key = from_environment ? from_environment : "";
  }
  if (key.empty()) {
    return api::Error{
        ERROR_BAD_ARGUMENTS,
        "which session? Write its KEY before the options, - to read it from standard input, or set "
        "RESTART_MANAGER_SESSION"};
  }
  return key;
}

int AddResources(const std::string& key, const SessionOptions& options) {
  const auto targets = ResolveTargets(options.targets, Missing::kIsFine);
  if (!targets) return Failed(targets.error());
  auto session = api::Session::Join(key);
  if (!session) return Failed(session.error());
  return Done(Register(*session, *targets));
}

// A filter on nothing would except nobody, and whoever was meant would be stopped.
api::Error EmptyName(const char* what) {
  return {ERROR_BAD_ARGUMENTS,
          fmt::format("the name of {} is empty; is a variable not set?", what)};
}

// Whom the session has stopped has ended, and its number may be somebody else's by now.
api::Result<std::vector<api::ProcessId>> ProcessesOfFilter(api::Session& session, uint32_t pid,
                                                           bool remove) {
  std::vector<api::ProcessId> named;
  const auto add = [&](const api::ProcessId& process) {
    if (process.dwProcessId == pid) named.push_back(process);
  };
  if (remove) {
    const auto filters = session.Filters();
    if (!filters) return filters.error();
    for (const api::Filter& filter : *filters)
      if (const auto* process = std::get_if<api::ProcessId>(&filter.target)) add(*process);
  } else {
    const auto list = session.Apps();
    if (!list) return list.error();
    for (const api::App& app : list->apps)
      for (const api::ProcessId& process : app.processes) add(process);
  }
  if (!named.empty()) return named;
  auto process = api::DescribeProcess(pid);
  if (!process) return process.error();
  named.push_back(*process);
  return named;
}

api::Result<std::vector<api::FilterTarget>> FilterTargets(api::Session& session,
                                                          const SessionOptions& options) {
  std::vector<api::FilterTarget> targets;
  const auto directory = CurrentDirectory();
  for (const std::string& path : options.executables) {
    if (path.empty()) return EmptyName("an executable");
    if (!path.starts_with('/') && !directory) return directory.error();
    targets.push_back(api::Executable{AbsolutePath(path, directory ? *directory : "/")});
  }
  for (const std::string& name : options.targets.services) {
    if (name.empty()) return EmptyName("a service");
    targets.push_back(api::Service{name});
  }
  for (const uint32_t pid : options.targets.pids) {
    auto processes = ProcessesOfFilter(session, pid, options.action == "remove");
    if (!processes) return processes.error();
    targets.insert(targets.end(), processes->begin(), processes->end());
  }
  return targets;
}

int EditFilters(api::Session& session, const SessionOptions& options) {
  const auto targets = FilterTargets(session, options);
  if (!targets) return Failed(targets.error());
  const RM_FILTER_ACTION action = options.action == "no-restart" ? RmNoRestart : RmNoShutdown;
  for (const api::FilterTarget& target : *targets) {
    const auto done = options.action == "remove" ? session.RemoveFilter(target)
                                                 : session.AddFilter({target, action});
    if (!done) return Failed(done.error());
  }
  if (!targets->empty()) return 0;
  const auto filters = session.Filters();
  if (!filters) return Failed(filters.error());
  if (options.json) Answer(FiltersJson(*filters) + "\n");
  for (const api::Filter& filter : *filters) {
    if (!options.json) Answer(FilterLine(filter) + "\n");
  }
  return 0;
}

int List(api::Session& session, bool json) {
  const auto list = session.Apps();
  if (!list) return Failed(list.error());
  if (json) {
    Answer(AppsJson(*list) + "\n");
    return 0;
  }
  for (const api::App& app : list->apps) Answer(AppLine(app) + "\n");
  for (const std::string& line : BlindSpots(*list, geteuid() == 0)) Complain("{}", line);
  return 0;
}

// A signal cancels it; the session goes on and knows what was done so far.
int ShutdownOrRestart(api::Session& session, const SessionOptions& options) {
  if (auto done = AskForRelaunch(session, options.stop); !done) return Failed(done.error());
  if (options.dry_run) {
    const auto shown = ShowPlan(session, options.stop, options.json);
    return shown ? *shown : Failed(shown.error());
  }
  auto progress = Progress::Open(Loudness::kEverything, false, "");
  RunReport report;
  const api::Observer tell = [&](const api::Event& event) { progress->Tell(event, report); };
  StopSignals signals;
  StopOnSignal watch(signals);
  if (options.verb == SessionVerb::kRestart) {
    const auto done = session.Restart(tell, watch.token());
    progress->ClearLine();
    return Done(done);
  }
  const auto done = session.Shutdown(FlagsOf(options.stop), tell, watch.token());
  progress->ClearLine();
  return Done(done);
}

}  // namespace

int StartSession(const SessionStartOptions& options) {
  std::optional<pid_t> owner = CallingShell(AncestryOf(getppid()));
  if (options.owner) owner = static_cast<pid_t>(*options.owner);
  if (!owner) {
    Complain("session start: no shell to belong to was found; name one with --owner PID");
    return kExitUsage;
  }
  const auto process = api::DescribeProcess(static_cast<DWORD>(*owner));
  if (!process) return Failed(process.error());
  auto session = api::Session::Start(*process);
  if (!session) return Failed(session.error());
  Answer(session->key() + "\n");
  return Done(session->Close());
}

int UseSession(const SessionOptions& options) {
  const auto key = ReadKey(options.key);
  if (!key) return Failed(key.error());
  if (options.verb == SessionVerb::kRegister) return AddResources(*key, options);
  if (options.verb == SessionVerb::kJoin) {
    const auto joined = api::Session::Join(*key);
    return joined ? 0 : Failed(joined.error());
  }
  auto session = api::Session::Open(*key);
  if (!session) return Failed(session.error());
  switch (options.verb) {
    case SessionVerb::kFilter:
      return EditFilters(*session, options);
    case SessionVerb::kList:
      return List(*session, options.json);
    case SessionVerb::kEnd:
      return Done(session->End());
    default:
      return ShutdownOrRestart(*session, options);
  }
}

int ShowSessions(const SessionShowOptions& options) {
  const auto sessions = api::Sessions();
  if (!sessions) return Failed(sessions.error());
  if (options.json) {
    Answer(SessionsJson(*sessions) + "\n");
    return 0;
  }
  for (const api::SessionInfo& session : *sessions) Answer(SessionLine(session) + "\n");
  return 0;
}

}  // namespace rm::cli
