#include <fmt/core.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <restartmanager.hpp>

#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/text.h"

namespace rm::cli {
namespace {

bool IsNumber(const std::string& word) {
  return !word.empty() && word.find_first_not_of("0123456789") == std::string::npos;
}

api::Error Wrong(std::string text) { return {ERROR_BAD_ARGUMENTS, std::move(text)}; }

// What is explained; an app that is none: the unit is not running.
struct Subject {
  api::Resources registered;
  std::optional<api::Unit> unit;
};

api::Result<Subject> FindSubject(const std::string& name) {
  Subject subject;
  if (IsNumber(name)) {
    if (name.size() > 9) return Wrong(fmt::format("there is no process {}", name));
    auto process = api::DescribeProcess(static_cast<DWORD>(std::stoul(name)));
    if (!process) return process.error();
    subject.registered.processes.push_back(*process);
    return subject;
  }
  auto unit = api::DescribeUnit(name);
  if (!unit) return unit.error();
  if (unit->load_state == "no-systemd")
    return Wrong(fmt::format("{}: there is no systemd here to ask", Printable(name)));
  if (unit->load_state == "not-found") return Wrong(NoSuchUnitText(name, geteuid()));
  subject.unit = std::move(*unit);
  subject.registered.services.push_back(subject.unit->name);
  // Names its process; it may have ended since.
  if (auto main = api::DescribeProcess(subject.unit->main_pid))
    subject.registered.processes.push_back(*main);
  return subject;
}

api::Result<std::optional<api::App>> FindApp(const Subject& subject) {
  auto session = api::Session::Start();
  if (!session) return session.error();
  if (auto done = session->Register(subject.registered); !done) return done.error();
  // Tells what it would take to bring it back.
  if (auto done = session->SetOption(RmxOptionRelaunch, 1); !done) return done.error();
  auto list = session->Apps();
  if (!list) return list.error();
  if (list->apps.empty()) return std::optional<api::App>();
  return std::optional<api::App>(std::move(list->apps.front()));
}

// The status with which a run that has to stop it would end.
int StatusOf(const api::App& app) {
  if (!app.why_not_stoppable.empty()) return kExitReboot;
  if (app.type == RmUnknownApp) return kExitNotStopped;
  return app.come_back == RmxComeBackNot ? kExitNotBack : 0;
}

std::string UserOf(DWORD pid) {
  struct stat found {};
  if (pid == 0 || stat(fmt::format("/proc/{}", pid).c_str(), &found) != 0) return "";
  const passwd* user = getpwuid(found.st_uid);
  return user ? user->pw_name : std::to_string(found.st_uid);
}

std::string OwnerText(const api::App& app, const std::string& user) {
  std::string text = app.unit.empty() ? "itself: a plain process" : Printable(app.unit);
  if (app.unit.starts_with("user:")) text += ", a unit of a user's service manager";
  if (!user.empty()) text += fmt::format("; user {}", Printable(user));
  if (app.login_session != RM_INVALID_TS_SESSION)
    text += fmt::format("; login session {}", app.login_session);
  return text;
}

std::string BackText(const api::App& app) {
  switch (app.come_back) {
    case RmxComeBackService:
      return "its service manager starts it";
    case RmxComeBackRegistered:
      return "it is started as it registered";
    case RmxComeBackRelaunched:
      return "only with --relaunch: it did not register for restart, and is started as it was";
    case RmxComeBackWithParent:
      return "its parent, which is restarted too, starts it";
    case RmxComeBackNot:
      break;
  }
  return app.why_not_back.empty() ? "no" : "no: " + Printable(app.why_not_back);
}

void Line(const char* what, const std::string& text) {
  Answer(fmt::format("  {:<13}{}\n", fmt::format("{}:", what), text));
}

void Explain(const api::App& app, const std::string& user) {
  Answer(
      NameOf(app) +
      (app.unit.empty() || app.name == app.unit ? "" : fmt::format(" ({})", Printable(app.name))) +
      "\n");
  Line("type", fmt::format("{}, because {}", TypeWord(app.type), Printable(app.why_type)));
  if (!app.executable.empty()) Line("executable", Printable(app.executable));
  std::vector<std::string> pids;
  for (const api::ProcessId& process : app.processes)
    pids.push_back(std::to_string(process.dwProcessId));
  if (!pids.empty()) Line("processes", Join(pids, " "));
  Line("owner", OwnerText(app, user));
  Line("stopped by", Printable(app.how_stopped));
  Line("comes back", BackText(app));
  for (const std::string& lack : app.cannot_restore) Line("would lack", Printable(lack));
  if (!app.goes_along.empty()) Line("goes along", Printable(Join(app.goes_along, " ")));
}

int Failed(const api::Error& error) {
  Complain("explain: {}", error.text);
  return ExitCodeOfError(error.code);
}

}  // namespace

int Explain(const ExplainOptions& options) {
  const auto subject = FindSubject(options.subject);
  if (!subject) return Failed(subject.error());
  const auto app = FindApp(*subject);
  if (!app) return Failed(app.error());
  if (!*app && !subject->unit)
    return Failed(Wrong(fmt::format("there is no process {}", options.subject)));
  if (!*app) {
    const api::Unit& unit = *subject->unit;
    Answer(options.json ? UnitJson(unit) + "\n"
                        : fmt::format("{} does not run ({}): nobody has to stop it\n",
                                      Printable(unit.name), Printable(unit.active_state)));
    return 0;
  }
  const std::string user = UserOf((*app)->main.dwProcessId);
  if (options.json)
    Answer(ExplanationJson(**app, user, StatusOf(**app)) + "\n");
  else
    Explain(**app, user);
  return StatusOf(**app);
}

}  // namespace rm::cli
