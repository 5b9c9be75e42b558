// How does rm-relaunch tell what became of it? By lines on a pipe that exec closes, to Launch:
//   process PID START_TICKS     it runs, as this process
//   starting                    exec is next
//   failed SENTENCE             it did not
//
// And in its file, which decides. It begins with the first two lines, what is to be done follows:
// so one ftruncate(2) says that it is done, and forgets the secrets of an environment. Whoever is
// killed before that has left all that it takes to do it again.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "model/process.h"

namespace rm {

inline constexpr char kReportOption[] = "--report";
inline constexpr int kReportDescriptor = 3;
// Of the file: what is longer is cut, so that it is written at once and read as a whole.
inline constexpr size_t kMostFailureBytes = 4000;

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

// As many bytes for every process.
std::string SpecFileHead(const ProcessId& process);

struct SpecFileText {
  std::string_view spec;  // Serialize(RelaunchSpec); "": it is not to be done any more
  bool started = false;
  std::string failure;  // "": none
  ProcessId process;    // the last one that was at it; {0, 0}: nobody yet
};
// None of all: it is damaged, or none of ours.
SpecFileText ParseSpecFile(std::string_view text);

}  // namespace rm
