#include <fmt/core.h>
#include <unistd.h>

#include <cstring>
#include <restartmanager.hpp>
#include <utility>

#include "cli/command.h"
#include "cli/commands.h"
#include "cli/exceptions.h"
#include "cli/exit_codes.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/run_report.h"
#include "cli/stop.h"
#include "cli/stop_signals.h"
#include "cli/targets.h"
#include "cli/text.h"

namespace rm::cli {
namespace {

// What a refused or failed stop says: lines.
std::string RefusalText(const api::Error& why, const api::AppList& list) {
  std::string text = Printable(why.text);
  if (why.code == ERROR_FAIL_NOACTION_REBOOT) {
    for (const api::App& app : list.apps) {
      if (app.reboot_reasons == RmRebootReasonNone || app.status & RmStatusShutdownMasked) continue;
      text += fmt::format("\nin the way: {}: {}", NameOf(app), HoldingsText(app));
    }
    text += "\nuse --leave-critical to leave them running";
  }
  return text;
}

void NoteExceptions(const api::AppList& list, RunReport& report) {
  for (const api::App& app : list.apps) {
    if ((app.status & RmStatusShutdownMasked) == 0) continue;
    std::string why = HoldingsText(app);
    if (!app.cannot_restore.empty() && !app.why_not_back.empty()) why += "; " + app.why_not_back;
    report.left_running.push_back({NameOf(app), std::move(why)});
  }
}

// Who, or what of whom, will be stopped for good is said before it is.
void WarnOfNoReturn(const api::AppList& list, Progress& progress) {
  for (const api::App& app : list.apps) {
    if (!app.listed || app.status & RmStatusShutdownMasked) continue;
    const bool whole = app.come_back != RmxComeBackNot &&
                       (app.come_back != RmxComeBackService || app.cannot_restore.empty());
    if (whole || !app.why_not_stoppable.empty()) continue;
    progress.TellNote(
        fmt::format("{} is going to be stopped and {}", NameOf(app), ComeBackText(app)));
  }
}

std::string PreviousContentText(api::App app) {
  std::erase_if(app.holdings, [](const api::Holding& h) { return !h.previous_content; });
  return HoldingsText(app);
}

// What has come of it, now that everybody is back. `replaced`: the command was run.
void NoteOutcomes(api::Session& session, bool replaced, RunReport& report) {
  const auto list = session.Apps();
  if (!list) return;
  for (const api::App& app : list->apps) {
    if (app.outcome == RmxOutcomeRefused) {
      report.refused.push_back({NameOf(app), HoldingsText(app)});
    } else if (replaced && app.outcome == RmxOutcomeCured) {
      report.cured.push_back({NameOf(app), ""});
    } else if (replaced && app.outcome == RmxOutcomeLeftOver) {
      report.left_over.push_back({NameOf(app), PreviousContentText(app)});
    } else if (replaced && app.outcome == RmxOutcomeDeferred && app.status & RmStatusRunning) {
      report.deferred.push_back({NameOf(app), PreviousContentText(app)});
    }
  }
}

class Runner {
 public:
  Runner(const RunOptions& options, Progress progress)
      : options_(options), progress_(std::move(progress)) {}

  int Run() {
    // Nobody was stopped yet, so a signal may end this program: nothing could be told of it while
    // names are read from somebody who is slow.
    const auto targets = Resolve();
    if (!targets) return Refuse(targets.error());
    if (options_.dry_run) {
      auto session = Prepare(*targets);
      return session ? DryRun(*session) : Refuse(session.error());
    }
    StopSignals signals;
    auto session = Prepare(*targets);
    if (!session) return Refuse(session.error());

    auto stopped = Stop(*session, signals);
    int otherwise = 0;
    if (stopped) {
      otherwise = RunCommand(signals);
    } else {
      otherwise = Refuse(stopped.error());
    }
    return BringBack(*session, otherwise);
  }

 private:
  int Refuse(const api::Error& why) {
    progress_.TellError(RefusalText(why, list_));
    return ExitCodeOfError(why.code);
  }

  api::Result<Targets> Resolve() {
    auto targets = ResolveTargets(options_.targets,
                                  options_.missing_ok ? Missing::kIsFine : Missing::kIsError);
    if (targets) return targets;
    std::string why = targets.error().text;
    if (why.ends_with('.')) why.pop_back();
    return api::Error{targets.error().code, why + "; nothing was stopped"};
  }

  // Everything that can be said before anybody is stopped.
  api::Result<api::Session> Prepare(const Targets& targets) {
    auto session = api::Session::Start();
    if (!session) return session.error();
    if (auto done = AskForRelaunch(*session, options_.stop); !done) return done.error();
    if (auto done = Register(*session, targets); !done) return done.error();
    auto list = ExceptOwnTree(
        *session, options_.leave_critical ? Critical::kLeaveRunning : Critical::kRefuse);
    if (!list) return list.error();
    list_ = std::move(*list);
    NoteExceptions(list_, report_);
    for (const std::string& line : BlindSpots(list_, geteuid() == 0)) progress_.TellNote(line);
    return session;
  }

  int DryRun(api::Session& session) {
    const auto code = ShowPlan(session, options_.stop, options_.json);
    if (!code) return Refuse(code.error());
    if (options_.json) return *code;
    for (const Fate& fate : report_.left_running) {
      Answer(fmt::format("left running: {}: {}\n", fate.name, fate.why));
    }
    return *code;
  }

  api::Result<void> Stop(api::Session& session, StopSignals& signals) {
    StopOnSignal watch(signals);
    // The first event comes when nothing was refused and nobody was asked yet.
    bool warned = false;
    const api::Observer tell = [&](const api::Event& event) {
      if (!std::exchange(warned, true)) WarnOfNoReturn(list_, progress_);
      progress_.Tell(event, report_);
    };
    auto done = session.Shutdown(FlagsOf(options_.stop), tell, watch.token());
    if (done && watch.token().stop_requested()) {
      return api::Error{ERROR_CANCELLED, "cancelled by a signal before the command was run"};
    }
    return done;
  }

  int RunCommand(StopSignals& signals) {
    progress_.ClearLine();
    const Started started = StartCommand(options_.command, signals);
    if (started.pid < 0) {
      progress_.TellError(fmt::format("{} cannot be executed: {}", Printable(options_.command[0]),
                                      strerror(started.error)));
      return ExitCodeOfExec(started.error);
    }
    progress_.TellCommandStarted(started.pid);
    report_.command_status = AwaitCommand(started.pid, signals);
    progress_.TellCommandEnded(*report_.command_status);
    return 0;
  }

  // Not to be interrupted: the signals wait until the program ends. `otherwise`: the exit status if
  // the command was not run.
  int BringBack(api::Session& session, int otherwise) {
    const auto back = session.Restart(Teller());
    const bool never_began = !back && back.error().code == ERROR_REQUEST_OUT_OF_SEQUENCE;
    if (!back && !never_began) {
      progress_.TellError(Printable(back.error().text) +
                          "; see restartctl session show, and try restartctl "
                          "recover");
    }
    const bool replaced = report_.command_status.has_value();
    NoteOutcomes(session, replaced, report_);
    if (!replaced) report_.left_running.clear();
    report_.exit_code = ExitCodeOf(report_, otherwise);
    if (!back && !never_began) report_.exit_code = kExitNotBack;
    // What is still owed stays owed, for restartctl recover.
    const auto left = back ? session.End() : session.Close();
    if (!left) progress_.TellError(Printable(left.error().text));
    progress_.TellReport(report_);
    return report_.exit_code;
  }

  api::Observer Teller() {
    return [this](const api::Event& event) { progress_.Tell(event, report_); };
  }

  const RunOptions& options_;
  Progress progress_;
  api::AppList list_;  // who used it before anybody was stopped
  RunReport report_;
};

}  // namespace

int Run(const RunOptions& options) {
  auto progress = Progress::Open(options.quiet ? Loudness::kTroubleOnly : Loudness::kEverything,
                                 options.json && !options.dry_run, options.json_file);
  if (!progress) {
    Complain("{}", progress.error().text);
    return kExitUsage;
  }
  return Runner(options, std::move(*progress)).Run();
}

}  // namespace rm::cli
