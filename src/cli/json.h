// How are answers put for programs? Each function returns one JSON object on one line, without a
// line feed. The fields are listed in restartctl(8) and are only ever added to. Bytes that are not
// UTF-8 appear as U+FFFD.
#pragma once

#include <optional>
#include <restartmanager.hpp>
#include <string>
#include <vector>

#include "cli/run_report.h"

namespace rm::cli {

std::string AppsJson(const restartmanager::AppList& list);
std::string StaleJson(const restartmanager::StaleList& list);
// `exit_code`: what run would end with.
std::string PlanJson(const restartmanager::Plan& plan, int exit_code);
// `user`: who runs it, "" if it is not known. `exit_code`: what explain ends with.
std::string ExplanationJson(const restartmanager::App& app, const std::string& user, int exit_code);
// Of a unit that does not run.
std::string UnitJson(const restartmanager::Unit& unit);
std::string EventJson(const restartmanager::Event& event);
std::string CommandStartedJson(int pid);
// `status` is of waitpid(2).
std::string CommandEndedJson(int status);
std::string SummaryJson(const RunReport& report);
std::string ErrorJson(const std::string& text);
std::string FiltersJson(const std::vector<restartmanager::Filter>& filters);
std::string SessionsJson(const std::vector<restartmanager::SessionInfo>& sessions);

}  // namespace rm::cli
