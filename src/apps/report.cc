#include "apps/report.h"

#include <fmt/core.h>

#include <charconv>

#include "base/text.h"

namespace rm {
namespace {

constexpr std::string_view kProcessWord = "process ";
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
  return fmt::format("{}{:010} {:020}\n", kProcessWord, process.pid, process.start_ticks);
}

std::string StartingLine() { return fmt::format("{}\n", kStartingWord); }

std::string FailedLine(std::string_view sentence) {
  return fmt::format("{}{}\n", kFailedWord, OneLine(sentence));
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

std::string SpecFileHead(const ProcessId& process) { return ProcessLine(process) + StartingLine(); }

SpecFileText ParseSpecFile(std::string_view text) {
  SpecFileText parsed;
  const size_t first = text.find('\n');
  const size_t second = first == text.npos ? first : text.find('\n', first + 1);
  if (second == text.npos) return parsed;
  // What follows may have lines of anybody's.
  const LaunchReport report = ParseLaunchReport(text.substr(0, second + 1));
  parsed.process = report.process;
  parsed.failure = report.failure;
  if (!text.starts_with(SpecFileHead(report.process))) return parsed;
  parsed.spec = text.substr(second + 1);
  parsed.started = parsed.spec.empty() && report.process.pid != 0;
  return parsed;
}

}  // namespace rm
