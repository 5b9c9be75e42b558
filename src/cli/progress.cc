#include "cli/progress.h"

#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "cli/json.h"
#include "cli/output.h"
#include "cli/text.h"

namespace rm::cli {
namespace {

size_t TerminalWidth() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

bool IsTrouble(RMX_EVENT_KIND kind) {
  return kind == RmxEventStopFailed || kind == RmxEventRestartFailed ||
         kind == RmxEventNotRestarted || kind == RmxEventWaitingForUser;
}

}  // namespace

api::Result<Progress> Progress::Open(Loudness loudness, bool json_instead,
                                     const std::string& json_file) {
  Progress progress;
  progress.loudness_ = loudness;
  progress.sentences_ = !json_instead;
  progress.terminal_ = isatty(STDERR_FILENO) == 1;
  if (json_file.empty()) return progress;
  progress.json_file_.reset(std::fopen(json_file.c_str(), "we"));
  if (!progress.json_file_) {
    return api::Error{ERROR_BAD_ARGUMENTS, fmt::format("cannot write JSON to {}: {}",
                                                       Printable(json_file), strerror(errno))};
  }
  return progress;
}

void Progress::Tell(const api::Event& event, RunReport& report) {
  WriteJson(EventJson(event));
  const Fate fate{NameOf(event.name, event.unit, event.pid), Printable(event.text)};
  if (event.kind == RmxEventRestarted) report.restarted.push_back(fate);
  if (event.kind == RmxEventRestartFailed) report.failed.push_back(fate);
  if (event.kind == RmxEventNotRestarted) report.not_restarted.push_back(fate);
  if (!sentences_) return;

  if (terminal_ && !IsTrouble(event.kind)) {
    if (loudness_ == Loudness::kTroubleOnly) return;
    std::string line = fmt::format("[{:3}%] {}", event.percent, EventLine(event));
    line.resize(std::min(line.size(), TerminalWidth() - 1));
    const size_t width = line.size();
    if (width < line_width_) line.append(line_width_ - width, ' ');
    Remark("\r" + line);
    line_width_ = width;
  } else if (IsTrouble(event.kind) || loudness_ == Loudness::kEverything) {
    Write(EventLine(event) + "\n");
  }
}

void Progress::TellNote(const std::string& text) {
  if (sentences_ && loudness_ == Loudness::kEverything) Write("restartctl: " + text + "\n");
}

void Progress::TellError(const std::string& text) {
  WriteJson(ErrorJson(text));
  if (!sentences_) return;
  std::string lines = "restartctl: ";
  for (const char c : text) lines += c == '\n' ? "\nrestartctl: " : std::string(1, c);
  Write(lines + "\n");
}

void Progress::TellCommandStarted(int pid) {
  ClearLine();
  WriteJson(CommandStartedJson(pid));
}

void Progress::TellCommandEnded(int status) { WriteJson(CommandEndedJson(status)); }

void Progress::TellReport(const RunReport& report) {
  WriteJson(SummaryJson(report));
  ClearLine();
  if (!sentences_) return;
  RunReport said = report;
  if (loudness_ == Loudness::kTroubleOnly) {
    said.restarted.clear();
    said.left_running.clear();
    said.deferred.clear();
  }
  Write(ReportText(said));
}

void Progress::ClearLine() {
  if (line_width_ == 0) return;
  Remark("\r" + std::string(line_width_, ' ') + "\r");
  line_width_ = 0;
}

void Progress::WriteJson(const std::string& line) {
  if (!sentences_) Remark(line + "\n");
  if (!json_file_) return;
  (void)std::fwrite((line + "\n").data(), 1, line.size() + 1, json_file_.get());
  std::fflush(json_file_.get());
}

void Progress::Write(const std::string& lines) {
  ClearLine();
  Remark(lines);
}

}  // namespace rm::cli
