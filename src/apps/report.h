// How does rm-relaunch tell what became of it? By lines in its file, and to Launch also on a pipe
// that exec closes:
//   process PID START_TICKS     it runs, as this process
//   starting                    exec is next; on the pipe, and then in the file, which decides
//   failed SENTENCE             it did not
#pragma once

#include <string>
#include <string_view>

#include "model/process.h"

namespace rm {

inline constexpr char kReportOption[] = "--report";
inline constexpr int kReportDescriptor = 3;
inline constexpr std::string_view kProcessWord = "process ";

struct LaunchReport {
  ProcessId process;
  bool started = false;
  std::string failure;  // "": none
};

std::string ProcessLine(const ProcessId& process);
std::string StartingLine();
std::string FailedLine(std::string_view sentence);

// Of all that was written; lines that are cut short are left out.
LaunchReport ParseLaunchReport(std::string_view text);

}  // namespace rm
