// Who hears what happens during a run? A terminal sees one line that changes, a file or pipe gets
// one line per event, a program gets JSON lines.
#pragma once

#include <cstdio>
#include <memory>
#include <restartmanager.hpp>
#include <string>

#include "cli/run_report.h"

namespace rm::cli {

enum class Loudness { kTroubleOnly, kEverything };

class Progress {
 public:
  // `json_instead`: JSON on standard error and no sentences. `json_file`: JSON there as well, ""
  // for none. Fails when that file cannot be opened for writing.
  static restartmanager::Result<Progress> Open(Loudness loudness, bool json_instead,
                                               const std::string& json_file);

  // Also remembers, for the report, what became of each app.
  void Tell(const restartmanager::Event& event, RunReport& report);
  void TellNote(const std::string& text);
  void TellError(const std::string& text);
  void TellCommandStarted(int pid);
  void TellCommandEnded(int status);
  void TellReport(const RunReport& report);
  // Takes the changing line away, so that somebody else may write.
  void ClearLine();

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  Progress() = default;
  void WriteJson(const std::string& line);
  void Write(const std::string& lines);

  Loudness loudness_ = Loudness::kEverything;
  bool sentences_ = true;
  bool terminal_ = false;
  size_t line_width_ = 0;  // of the changing line that stands there now
  std::unique_ptr<std::FILE, Close> json_file_;
};

}  // namespace rm::cli
