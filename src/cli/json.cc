#include "cli/json.h"

#include <sys/wait.h>

#include <nlohmann/json.hpp>

#include "cli/exit_codes.h"
#include "cli/stale_text.h"
#include "cli/text.h"

namespace rm::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json OrNull(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

Json ToJson(const api::Holding& holding) {
  Json json{{"pid", holding.process.dwProcessId},
            {"how", HoldWord(holding.kind)},
            {"path", holding.path},
            {"replaced", holding.previous_content}};
  if (holding.descriptor >= 0) json["fd"] = holding.descriptor;
  return json;
}

Json ToJson(const api::App& app) {
  Json json{{"name", app.name},
            {"unit", OrNull(app.unit)},
            {"type", TypeWord(app.type)},
            {"main_pid", app.main.dwProcessId},
            {"pids", Json::array()},
            {"executable", OrNull(app.executable)},
            {"login_session", nullptr},
            {"status", StatusWords(app.status)},
            {"outcome", OrNull(std::string(OutcomeWord(app.outcome)))},
            {"listed", app.listed},
            {"restartable", app.restartable},
            {"come_back", ComeBackWord(app.come_back)},
            {"why_not_back", OrNull(app.why_not_back)},
            {"why_not_stoppable", OrNull(app.why_not_stoppable)},
            {"reboot_reasons", ReasonWords(app.reboot_reasons)},
            {"goes_along", app.goes_along},
            {"holdings", Json::array()}};
  if (app.login_session != RM_INVALID_TS_SESSION) json["login_session"] = app.login_session;
  for (const api::ProcessId& process : app.processes) json["pids"].push_back(process.dwProcessId);
  for (const api::Holding& holding : app.holdings) json["holdings"].push_back(ToJson(holding));
  return json;
}

Json ToJson(const api::StaleFile& file) {
  return {{"pid", file.process.dwProcessId},
          {"freshness", FreshnessWord(file.freshness)},
          {"kind", MappedWord(file.kind)},
          {"path", file.path},
          {"mapped", file.mapped},
          {"why", file.why},
          {"mapped_build_id", OrNull(file.mapped_build_id)},
          {"named_build_id", OrNull(file.named_build_id)}};
}

Json ToJson(const std::vector<Fate>& fates) {
  Json json = Json::array();
  for (const Fate& fate : fates) json.push_back({{"name", fate.name}, {"why", OrNull(fate.why)}});
  return json;
}

void AddStatus(Json& json, int status) {
  json["exit_code"] = WIFEXITED(status) ? Json(WEXITSTATUS(status)) : Json(nullptr);
  json["signal"] = WIFSIGNALED(status) ? Json(WTERMSIG(status)) : Json(nullptr);
}

}  // namespace

std::string AppsJson(const api::AppList& list) {
  Json json{{"apps", Json::array()},         {"reboot_reasons", ReasonWords(list.reboot_reasons)},
            {"unreadable", list.unreadable}, {"unanswered", list.unanswered},
            {"in_flight", list.in_flight},   {"unreachable", list.unreachable}};
  for (const api::App& app : list.apps) json["apps"].push_back(ToJson(app));
  return Dump(json);
}

std::string StaleJson(const api::StaleList& list) {
  Json json{{"apps", Json::array()},       {"processes", list.processes}, {"stale", list.stale},
            {"refreshed", list.refreshed}, {"transient", list.transient}, {"unknown", list.unknown},
            {"unreadable", Json::array()}};
  for (const api::StaleApp& stale : list.apps) {
    Json app = ToJson(stale.app);
    app.erase("holdings");
    app["cure"] = CureWord(stale.cure);
    app["how"] = OrNull(stale.how);
    app["files"] = Json::array();
    for (const api::StaleFile& file : stale.files) app["files"].push_back(ToJson(file));
    json["apps"].push_back(std::move(app));
  }
  for (const api::UnreadableProcess& process : list.unreadable) {
    json["unreadable"].push_back({{"pid", process.pid}, {"name", OrNull(process.name)}});
  }
  return Dump(json);
}

std::string PlanJson(const api::Plan& plan, int exit_code) {
  Json json{{"steps", Json::array()},
            {"held", plan.held},
            {"refusal", plan.refusal},
            {"why_refused", OrNull(plan.why_refused)},
            {"exit_code", exit_code}};
  for (const api::Step& step : plan.steps) {
    json["steps"].push_back({{"wave", step.wave},
                             {"act", step.act},
                             {"name", step.name},
                             {"unit", OrNull(step.unit)},
                             {"pid", step.pid},
                             {"how", step.how}});
  }
  return Dump(json);
}

std::string ExplanationJson(const api::App& app, const std::string& user, int exit_code) {
  Json json = ToJson(app);
  json.erase("holdings");
  json["user"] = OrNull(user);
  json["why_type"] = OrNull(app.why_type);
  json["how_stopped"] = OrNull(app.how_stopped);
  json["cannot_restore"] = app.cannot_restore;
  json["exit_code"] = exit_code;
  return Dump(json);
}

std::string UnitJson(const api::Unit& unit) {
  return Dump({{"name", unit.description},
               {"unit", unit.name},
               {"active_state", unit.active_state},
               {"load_state", unit.load_state},
               {"exit_code", 0}});
}

std::string EventJson(const api::Event& event) {
  return Dump({{"event", EventWord(event.kind)},
               {"percent", event.percent},
               {"name", event.name},
               {"unit", OrNull(event.unit)},
               {"pid", event.pid},
               {"text", event.text}});
}

std::string CommandStartedJson(int pid) {
  return Dump({{"event", "command_started"}, {"pid", pid}});
}

std::string CommandEndedJson(int status) {
  Json json{{"event", "command_ended"}};
  AddStatus(json, status);
  return Dump(json);
}

std::string SummaryJson(const RunReport& report) {
  Json command = nullptr;
  if (report.command_status) {
    command = Json::object();
    AddStatus(command, *report.command_status);
  }
  return Dump({{"event", "summary"},
               {"exit_code", report.exit_code},
               {"command", command},
               {"restarted", ToJson(report.restarted)},
               {"failed", ToJson(report.failed)},
               {"not_restarted", ToJson(report.not_restarted)},
               {"left_running", ToJson(report.left_running)},
               {"cured", ToJson(report.cured)},
               {"left_over", ToJson(report.left_over)},
               {"refused", ToJson(report.refused)},
               {"deferred", ToJson(report.deferred)}});
}

std::string ErrorJson(const std::string& text) {
  return Dump({{"event", "error"}, {"text", text}});
}

std::string FiltersJson(const std::vector<api::Filter>& filters) {
  Json json{{"filters", Json::array()}};
  for (const api::Filter& filter : filters) {
    Json entry{{"action", filter.action == RmNoRestart ? "no_restart" : "no_shutdown"}};
    if (const auto* executable = std::get_if<api::Executable>(&filter.target)) {
      entry["executable"] = executable->path;
    } else if (const auto* service = std::get_if<api::Service>(&filter.target)) {
      entry["service"] = service->name;
    } else {
      entry["pid"] = std::get<api::ProcessId>(filter.target).dwProcessId;
    }
    json["filters"].push_back(std::move(entry));
  }
  return Dump(json);
}

std::string SessionsJson(const std::vector<api::SessionInfo>& sessions) {
  Json json{{"sessions", Json::array()}};
  for (const api::SessionInfo& session : sessions) {
    const uint64_t started =
        uint64_t{session.started.dwHighDateTime} << 32 | session.started.dwLowDateTime;
    constexpr uint64_t kUnixEpoch = 116444736000000000;  // 1970 in FILETIME units
    json["sessions"].push_back({{"name", session.name},
                                {"owner_pid", session.owner.dwProcessId},
                                {"owner_alive", session.owner_alive},
                                {"started", (started - kUnixEpoch) / 10000000},
                                {"files", session.files},
                                {"processes", session.processes},
                                {"services", session.services},
                                {"owed", session.owed},
                                {"owed_pids", session.owed_pids}});
  }
  return Dump(json);
}

}  // namespace rm::cli
