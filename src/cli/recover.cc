#include <csignal>
#include <restartmanager.hpp>
#include <vector>

#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/text.h"

namespace rm::cli {
namespace {

int ListOwed(const RecoverOptions& options) {
  auto sessions = api::Sessions();
  if (!sessions) {
    Complain("{}", sessions.error().text);
    return ExitCodeOfError(sessions.error().code);
  }
  std::erase_if(*sessions, [](const api::SessionInfo& session) {
    return session.owner_alive || session.owed.empty();
  });
  if (options.json) {
    Answer(SessionsJson(*sessions) + "\n");
    return 0;
  }
  for (const api::SessionInfo& session : *sessions) Answer(SessionLine(session) + "\n");
  if (sessions->empty()) Answer("nothing is owed\n");
  return 0;
}

}  // namespace

int Recover(const RecoverOptions& options) {
  if (options.list) return ListOwed(options);
  // What is owed is brought back also if nobody reads what is said of it.
  std::signal(SIGPIPE, SIG_IGN);
  bool anything = false;
  const auto done = api::Recover([&](const api::Event& event) {
    anything = anything || event.kind == RmxEventRestarted || event.kind == RmxEventNotRestarted;
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
