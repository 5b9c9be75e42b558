#include "apps/report.h"

#include <fmt/core.h>

#include <charconv>

namespace rm {
namespace {

constexpr std::string_view kStartingWord = "starting";
constexpr std::string_view kFailedWord = "failed ";

ProcessId ParseProcess(std::string_view line) {
  ProcessId process;
  const char* const end = line.data() + line.size();
  const auto pid = std::from_chars(line.data() + kProcessWord.size(), end, process.pid);
  if (pid.ptr != end) std::from_chars(pid.ptr + 1, end, process.start_ticks);
  return process;
}

}  // namespace

std::string ProcessLine(const ProcessId& process) {
  return fmt::format("{}{} {}\n", kProcessWord, process.pid, process.start_ticks);
}

std::string StartingLine() { return fmt::format("{}\n", kStartingWord); }

std::string FailedLine(std::string_view sentence) {
  std::string line(sentence);
  for (char& c : line)
    if (c == '\n') c = ' ';
  return fmt::format("{}{}\n", kFailedWord, line);
}

// Not by streams of the standard library, which take a lack of memory for the end of the text.
LaunchReport ParseLaunchReport(std::string_view text) {
  LaunchReport report;
  for (size_t end; (end = text.find('\n')) != text.npos; text.remove_prefix(end + 1)) {
    const std::string_view line = text.substr(0, end);
    if (line.starts_with(kProcessWord)) report.process = ParseProcess(line);
    if (line == kStartingWord) report.started = true;
    if (line.starts_with(kFailedWord)) report.failure = line.substr(kFailedWord.size());
  }
  return report;
}

}  // namespace rm
