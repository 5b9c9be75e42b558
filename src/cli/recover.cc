#include <restartmanager.hpp>

#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/text.h"

namespace rm::cli {

int Recover(const RecoverOptions& options) {
  bool anything = false;
  const auto done = api::Recover([&](const api::Event& event) {
    anything = anything || event.kind == RmxEventRestarted;
    Answer((options.json ? EventJson(event) : EventLine(event)) + "\n");
  });
  if (!done) {
    Complain("{}", done.error().text);
    return ExitCodeOfError(done.error().code);
  }
  if (!anything && !options.json) Answer("nothing was owed\n");
  return 0;
}

}  // namespace rm::cli
