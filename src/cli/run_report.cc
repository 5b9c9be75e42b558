#include "cli/run_report.h"

#include <fmt/core.h>

#include "cli/exit_codes.h"

namespace rm::cli {
namespace {

std::string Lines(const std::vector<Fate>& fates, const char* what) {
  std::string text;
  for (const Fate& fate : fates) {
    text += fmt::format("restartctl: {}: {}", what, fate.name);
    if (!fate.why.empty()) text += ": " + fate.why;
    text += "\n";
  }
  return text;
}

}  // namespace

int ExitCodeOf(const RunReport& report, int otherwise) {
  if (!report.failed.empty() || !report.not_restarted.empty()) return kExitNotBack;
  if (!report.command_status) return otherwise;
  const int status = ExitCodeOfStatus(*report.command_status);
  return status == 0 && !report.left_over.empty() ? kExitLeftOver : status;
}

std::string ReportText(const RunReport& report) {
  std::string text;
  text += Lines(report.restarted, "restarted");
  text += Lines(report.failed, "failed to restart");
  text += Lines(report.not_restarted, "not restarted");
  text += Lines(report.left_running, "left running");
  text += Lines(report.refused, "refused");
  text += Lines(report.left_over, "left over");
  text += Lines(report.deferred, "deferred");
  if (report.exit_code == kExitNotBack && report.command_status) {
    const int status = ExitCodeOfStatus(*report.command_status);
    text += fmt::format(
        "restartctl: not everything came back; the command itself ended with status {}\n", status);
  }
  return text;
}

}  // namespace rm::cli
