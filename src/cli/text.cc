#include "cli/text.h"

#include <fmt/core.h>

#include <algorithm>

namespace rm::cli {
namespace {

constexpr std::string_view kNoWord = "unknown";

struct BitWord {
  ULONG bit;
  std::string_view word;
};

std::vector<std::string_view> WordsOf(ULONG bits, const std::vector<BitWord>& words) {
  std::vector<std::string_view> set;
  for (const BitWord& entry : words) {
    if (bits & entry.bit) set.push_back(entry.word);
  }
  return set;
}

std::string HoldingText(const api::Holding& holding) {
  std::string text(HoldWord(holding.kind));
  if (holding.descriptor >= 0) text += fmt::format(" {}", holding.descriptor);
  text += " " + Printable(holding.path);
  if (holding.previous_content) text += " (replaced)";
  return text;
}

std::string PidsText(const api::App& app) {
  std::vector<std::string> pids;
  for (const api::ProcessId& process : app.processes) {
    pids.push_back(std::to_string(process.dwProcessId));
  }
  if (pids.empty()) return "no process";
  return (pids.size() == 1 ? "pid " : "pids ") + Join(pids, " ");
}

}  // namespace

std::string Join(const std::vector<std::string>& words, std::string_view between) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += between;
    text += word;
  }
  return text;
}

std::string Printable(std::string_view text) {
  std::string safe;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    // U+0080..U+009F, the C1 controls, are C2 80..9F in UTF-8.
    const bool c1 = c == 0xC2 && i + 1 < text.size() &&
                    static_cast<unsigned char>(text[i + 1]) >= 0x80 &&
                    static_cast<unsigned char>(text[i + 1]) < 0xA0;
    const bool bare_c1 = c >= 0x80 && c < 0xA0 && (i == 0 || (text[i - 1] & 0x80) == 0);
    if (c < 0x20 || c == 0x7F || c1 || bare_c1) {
      safe += fmt::format("\\x{:02x}", c);
      if (c1) safe += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[++i]));
    } else {
      safe += text[i];
    }
  }
  return safe;
}

std::string NameOf(const std::string& name, const std::string& unit, DWORD pid) {
  if (unit.ends_with(".service")) return Printable(unit);
  if (pid == 0) return Printable(name);
  return fmt::format("{} (pid {})", Printable(name), pid);
}

std::string NameOf(const api::App& app) { return NameOf(app.name, app.unit, app.main.dwProcessId); }

std::string_view TypeWord(RM_APP_TYPE type) {
  switch (type) {
    case RmUnknownApp:
      return "unknown";
    case RmMainWindow:
      return "main_window";
    case RmOtherWindow:
      return "other_window";
    case RmService:
      return "service";
    case RmExplorer:
      return "shell";
    case RmConsole:
      return "console";
    case RmCritical:
      return "critical";
  }
  return kNoWord;
}

std::string_view OutcomeWord(RMX_OUTCOME outcome) {
  switch (outcome) {
    case RmxOutcomeNone:
      return "";
    case RmxOutcomeCured:
      return "cured";
    case RmxOutcomeLeftOver:
      return "left_over";
    case RmxOutcomeFailed:
      return "failed";
    case RmxOutcomeRefused:
      return "refused";
    case RmxOutcomeDeferred:
      return "deferred";
  }
  return kNoWord;
}

std::string_view ComeBackWord(RMX_COME_BACK how) {
  switch (how) {
    case RmxComeBackNot:
      return "no";
    case RmxComeBackService:
      return "service";
    case RmxComeBackRegistered:
      return "registered";
    case RmxComeBackRelaunched:
      return "relaunch";
    case RmxComeBackWithParent:
      return "with_parent";
  }
  return kNoWord;
}

std::string_view HoldWord(RMX_HOLD_KIND kind) {
  switch (kind) {
    case RmxHoldDescriptor:
      return "fd";
    case RmxHoldMapping:
      return "maps";
    case RmxHoldExecutable:
      return "runs";
    case RmxHoldWorkingDirectory:
      return "cwd";
    case RmxHoldRootDirectory:
      return "root";
    case RmxHoldRing:
      return "io_uring";
    case RmxHoldLoopDevice:
      return "loop";
    case RmxHoldSwap:
      return "swap";
    case RmxHoldMount:
      return "mount";
    case RmxHoldDevice:
      return "device";
  }
  return kNoWord;
}

std::string_view EventWord(RMX_EVENT_KIND kind) {
  switch (kind) {
    case RmxEventHold:
      return "hold";
    case RmxEventStopping:
      return "stopping";
    case RmxEventStopped:
      return "stopped";
    case RmxEventKilling:
      return "killing";
    case RmxEventStopFailed:
      return "stop_failed";
    case RmxEventRelease:
      return "release";
    case RmxEventRestarting:
      return "restarting";
    case RmxEventRestarted:
      return "restarted";
    case RmxEventRestartFailed:
      return "restart_failed";
    case RmxEventNotRestarted:
      return "not_restarted";
    case RmxEventWaitingForUser:
      return "waiting_for_user";
    case RmxEventGivenUp:
      return "given_up";
  }
  return kNoWord;
}

std::vector<std::string_view> StatusWords(ULONG status) {
  return WordsOf(status, {{RmStatusRunning, "running"},
                          {RmStatusStopped, "stopped"},
                          {RmStatusStoppedOther, "stopped_other"},
                          {RmStatusRestarted, "restarted"},
                          {RmStatusErrorOnStop, "error_on_stop"},
                          {RmStatusErrorOnRestart, "error_on_restart"},
                          {RmStatusShutdownMasked, "shutdown_masked"},
                          {RmStatusRestartMasked, "restart_masked"}});
}

std::vector<std::string_view> ReasonWords(DWORD reasons) {
  return WordsOf(reasons, {{RmRebootReasonPermissionDenied, "permission_denied"},
                           {RmRebootReasonSessionMismatch, "session_mismatch"},
                           {RmRebootReasonCriticalProcess, "critical_process"},
                           {RmRebootReasonCriticalService, "critical_service"},
                           {RmRebootReasonDetectedSelf, "detected_self"}});
}

std::string HoldingsText(const api::App& app) {
  std::vector<std::string> ways;
  for (const api::Holding& holding : app.holdings) {
    std::string way = HoldingText(holding);
    if (std::find(ways.begin(), ways.end(), way) == ways.end()) ways.push_back(std::move(way));
  }
  return ways.empty() ? "asked for" : Join(ways, ", ");
}

std::string ComeBackText(const api::App& app) {
  if (!app.why_not_stoppable.empty()) return "stays: " + Printable(app.why_not_stoppable);
  const std::string but =
      app.cannot_restore.empty() ? "" : ", but: " + Printable(app.cannot_restore.front());
  switch (app.come_back) {
    case RmxComeBackService:
      return "comes back: its service manager starts it" + but;
    case RmxComeBackRegistered:
      return "comes back: it registered for restart";
    case RmxComeBackRelaunched:
      return "comes back: with --relaunch" + but;
    case RmxComeBackWithParent:
      return "comes back: its parent, which is restarted too, starts it";
    case RmxComeBackNot:
      break;
  }
  return "does not come back" +
         (app.why_not_back.empty() ? "" : ": " + Printable(app.why_not_back));
}

std::string AppLine(const api::App& app) {
  const bool service = app.unit.ends_with(".service");
  std::string who = Printable(service ? app.unit : app.name);
  if (service && app.name != app.unit) who += fmt::format(" ({})", Printable(app.name));
  if (!service && !app.unit.empty()) who += fmt::format(" (in {})", Printable(app.unit));
  for (const std::string_view word : StatusWords(app.status & ~ULONG{RmStatusRunning})) {
    who += fmt::format(", {}", word);
  }
  if (const auto outcome = OutcomeWord(app.outcome); !outcome.empty())
    who += fmt::format(", {}", outcome);
  std::string line = fmt::format("{}, {}, {}: {}; {}", who, TypeWord(app.type), PidsText(app),
                                 HoldingsText(app), ComeBackText(app));
  if (!app.goes_along.empty()) {
    line += "; goes along: " + Printable(Join(app.goes_along, " "));
  }
  return line;
}

std::string HiddenLine(bool is_root) {
  return fmt::format("hidden: processes that /proc does not show (hidepid); {}",
                     is_root ? "even root does not see them here" : "run as root to see them");
}

std::vector<std::string> BlindSpots(const api::AppList& list, bool is_root) {
  std::vector<std::string> lines;
  const auto hidden = static_cast<size_t>(std::ranges::count(list.unreadable, DWORD{0}));
  if (hidden) lines.push_back(HiddenLine(is_root));
  if (const size_t count = list.unreadable.size() - hidden) {
    lines.push_back(
        fmt::format("unreadable: {} process{}; {}", count, count == 1 ? "" : "es",
                    is_root ? "even root may not look at them here" : "run as root to see them"));
  }
  for (const DWORD pid : list.unanswered) {
    lines.push_back(pid == 0 ? std::string("no answer: what the kernel itself uses")
                             : fmt::format("no answer: pid {} keeps the kernel waiting", pid));
  }
  for (const DWORD pid : list.in_flight) {
    lines.push_back(fmt::format(
        "in flight: descriptors that pid {} has not received; of what, nobody can tell", pid));
  }
  for (const std::string& path : list.unreachable) {
    lines.push_back(
        fmt::format("unreachable: {}; its file system does not answer", Printable(path)));
  }
  return lines;
}

std::string EventLine(const api::Event& event) {
  const std::string name = NameOf(event.name, event.unit, event.pid);
  const std::string why = event.text.empty() ? "" : ": " + Printable(event.text);
  switch (event.kind) {
    case RmxEventHold:
      return "no service in question starts from now on" + why;
    case RmxEventStopping:
      return "stopping " + name + why;
    case RmxEventStopped:
      return "stopped " + name + why;
    case RmxEventKilling:
      return "ending " + name + " by force" + why;
    case RmxEventStopFailed:
      return name + " could not be stopped" + why;
    case RmxEventRelease:
      return "what waits may start" + why;
    case RmxEventRestarting:
      return "bringing back " + name + why;
    case RmxEventRestarted:
      return name + " is back" + why;
    case RmxEventRestartFailed:
      return name + " could not be brought back" + why;
    case RmxEventNotRestarted:
      return name + " was not brought back" + why;
    case RmxEventWaitingForUser:
      return name + " asks its user" + why;
    case RmxEventGivenUp:
      return name + " is owed no start any more" + why;
  }
  return name + why;
}

std::string WouldGiveUpLine(const api::Event& event) {
  return "would give up " + NameOf(event.name, event.unit, event.pid) + ": " +
         Printable(event.text);
}

std::string PlanText(const api::Plan& plan) {
  std::string text;
  for (const api::Step& step : plan.steps) {
    const std::string wave = step.act == "skip" ? std::string("-") : std::to_string(step.wave + 1);
    text += fmt::format("{}. {} {}", wave, step.act, NameOf(step.name, step.unit, step.pid));
    if (!step.how.empty()) text += ": " + Printable(step.how);
    text += "\n";
  }
  if (plan.steps.empty()) text += "nobody has to be stopped\n";
  if (!plan.held.empty()) {
    text += "would not start meanwhile: " + Printable(Join(plan.held, " ")) + "\n";
  }
  if (plan.refusal != ERROR_SUCCESS) text += "refused: " + Printable(plan.why_refused) + "\n";
  return text;
}

std::string FilterLine(const api::Filter& filter) {
  std::string target;
  if (const auto* executable = std::get_if<api::Executable>(&filter.target)) {
    target = "executable " + Printable(executable->path);
  } else if (const auto* service = std::get_if<api::Service>(&filter.target)) {
    target = "service " + Printable(service->name);
  } else {
    target = fmt::format("pid {}", std::get<api::ProcessId>(filter.target).dwProcessId);
  }
  return target + (filter.action == RmNoRestart ? ": no restart" : ": no shutdown");
}

std::string SessionLine(const api::SessionInfo& session) {
  const std::string owner = session.owner.dwProcessId == 0
                                ? "ended with an earlier boot"
                                : fmt::format("pid {} ({})", session.owner.dwProcessId,
                                              session.owner_alive ? "alive" : "dead");
  std::string line = fmt::format("{}: owner {}, {} files, {} processes, {} services", session.name,
                                 owner, session.files, session.processes, session.services);
  std::string owed;
  for (size_t i = 0; i < session.owed.size(); ++i) {
    owed += (owed.empty() ? "" : ", ") + Printable(session.owed[i]);
    if (i < session.owed_pids.size() && session.owed_pids[i] != 0)
      owed += fmt::format(" (pid {})", session.owed_pids[i]);
  }
  return owed.empty() ? line : line + "; owes a start to " + owed;
}

std::string NoSuchUnitText(const std::string& name, unsigned uid) {
  for (const std::string_view kind : {".socket", ".timer", ".path", ".target", ".mount",
                                      ".automount", ".slice", ".device", ".swap"}) {
    if (name.ends_with(kind))
      return Printable(name) + " is no service: no process runs in it that could be stopped";
  }
  std::string text = Printable(name) + ": there is no such unit; see systemctl list-units";
  if (uid != 0 && !name.starts_with("user:"))
    text += fmt::format(". One of your own service manager is user:{}/{}", uid, Printable(name));
  return text;
}

}  // namespace rm::cli
