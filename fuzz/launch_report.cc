// What became of a program that was to be started again, in a file that may be cut short anywhere
#include <string>

#include "apps/report.h"
#include "base/text.h"
#include "fuzz/fuzz.h"

void rm::Fuzz(std::string_view input) {
  const LaunchReport report = ParseLaunchReport(input);
  Require(report.failure.find('\n') == std::string::npos);
  // What was cut short says nothing.
  const size_t whole = input.rfind('\n') + 1;
  const LaunchReport cut = ParseLaunchReport(input.substr(0, whole));
  Require(cut.process == report.process && cut.started == report.started &&
          cut.failure == report.failure);

  const LaunchReport again = ParseLaunchReport(ProcessLine(report.process) + FailedLine(input));
  Require(again.process == report.process && again.failure == OneLine(input) && !again.started);
  Require(OneLine(again.failure) == again.failure);

  const SpecFileText file = ParseSpecFile(input);
  Require(!file.started + file.spec.empty() + file.failure.empty() >= 2);
  if (file.started) Require(input == SpecFileHead(file.process));
}
