#include "apps/report.h"

#include <fmt/core.h>

#include <sstream>

namespace rm {

std::string ProcessLine(const ProcessId& process) {
  return fmt::format("process {} {}\n", process.pid, process.start_ticks);
}

std::string StartingLine() { return "starting\n"; }

std::string FailedLine(std::string_view sentence) {
  std::string line(sentence);
  for (char& c : line)
    if (c == '\n') c = ' ';
  return fmt::format("failed {}\n", line);
}

LaunchReport ParseLaunchReport(std::string_view text) {
  LaunchReport report;
  for (size_t end; (end = text.find('\n')) != text.npos; text.remove_prefix(end + 1)) {
    std::istringstream line{std::string(text.substr(0, end))};
    std::string word;
    line >> word;
    if (word == "process") line >> report.process.pid >> report.process.start_ticks;
    if (word == "starting") report.started = true;
    if (word == "failed") std::getline(line >> std::ws, report.failure);
  }
  return report;
}

}  // namespace rm
