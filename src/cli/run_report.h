// How did a run end? What restartctl says last, and the status it exits with.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace rm::cli {

// An app by its name for people, and why it is in this list ("" if there is nothing to say).
struct Fate {
  std::string name;
  std::string why;
};

struct RunReport {
  std::optional<int> command_status;  // of waitpid(2); none: it was not run
  std::vector<Fate> restarted;
  std::vector<Fate> failed;         // was to be brought back and could not be
  std::vector<Fate> not_restarted;  // was stopped, and there is no way back
  std::vector<Fate> left_running;   // was excepted and not stopped
  std::vector<Fate> refused;        // was to leave and stayed
  std::vector<Fate> left_over;      // has the content of before, or has it again
  std::vector<Fate> deferred;       // left running, with the content of before
  std::vector<Fate> cured;          // left, and has nothing of the content of before
  int exit_code = 0;
};

// The command's own status when everything that was stopped is back, 122 otherwise. 119 when only
// those are in the way of success who have the content of before. `otherwise`: the status when the
// command was not run.
int ExitCodeOf(const RunReport& report, int otherwise);

// Several lines for people, "" when there is nothing to say.
std::string ReportText(const RunReport& report);

}  // namespace rm::cli
