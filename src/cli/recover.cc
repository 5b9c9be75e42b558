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

int GiveUp(const RecoverOptions& options) {
  const auto tell = [&](const api::Event& event) {
    if (options.json) return Answer(EventJson(event) + "\n");
    Answer((options.dry_run ? WouldGiveUpLine(event) : EventLine(event)) + "\n");
  };
  const DWORD flags = options.dry_run ? DWORD{RmxGiveUpDryRun} : 0;
  const auto done = api::GiveUp(options.give_up, flags, tell);
  if (done) return 0;
  Complain("{}", Printable(done.error().text));
  return ExitCodeOfError(done.error().code);
}

}  // namespace

int Recover(const RecoverOptions& options) {
  if (options.list) return ListOwed(options);
  // What is to be done is done also if nobody reads what is said of it.
  std::signal(SIGPIPE, SIG_IGN);
  if (!options.give_up.empty()) return GiveUp(options);
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
