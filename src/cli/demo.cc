#include <fmt/core.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <restartmanager.hpp>

#include "cli/commands.h"
#include "cli/demo_holders.h"
#include "cli/exit_codes.h"
#include "cli/output.h"
#include "cli/stop_signals.h"
#include "cli/text.h"

namespace rm::cli {
namespace {

constexpr size_t kHolders = 3;

void Step(int number, const std::string& about) {
  Answer(fmt::format("{}{}. {}\n", number == 1 ? "" : "\n", number, about));
  FlushAnswers();
}

void Show(const std::string& line) {
  Answer("   " + line + "\n");
  FlushAnswers();
}

void ShowHolders(const std::vector<HolderState>& holders) {
  for (const HolderState& holder : holders) {
    Show(fmt::format("pid {} maps \"{}\"", holder.process.dwProcessId, holder.content));
  }
}

void ShowEvent(const api::Event& event) { Show(EventLine(event)); }

api::Result<void> Tell(DemoHolders& holders, const StopSignals& signals,
                       const std::stop_token& stop) {
  Step(1, fmt::format("A file, {}, and {} programs that map it:", holders.file(), kHolders));
  if (auto done = holders.Replace("version 1"); !done) return done;
  for (size_t i = 0; i < kHolders; ++i) {
    if (auto done = holders.StartOne(signals); !done) return done;
  }
  const auto before = holders.Await(kHolders);
  if (!before) return before.error();
  ShowHolders(*before);

  Step(2, "Who uses it? (RmStartSession, RmRegisterResources, RmGetList)");
  auto session = api::Session::Start();
  if (!session) return session.error();
  if (auto done = session->SetOption(RmxOptionRelaunch, 1); !done) return done;
  if (auto done = session->Register({.files = {holders.file()}}); !done) return done;
  const auto users = session->Apps(stop);
  if (!users) return users.error();
  for (const api::App& app : users->apps) Show(AppLine(app));

  Step(3, "What would stopping them do? Nothing is done yet:");
  const auto plan = session->GetPlan(0);
  if (!plan) return plan.error();
  for (const api::Step& step : plan->steps) {
    Show(fmt::format("{} {}: {}", step.act, NameOf(step.name, step.unit, step.pid),
                     Printable(step.how)));
  }

  Step(4, "Stop them, and write down first that they are owed a start (RmShutdown):");
  if (auto done = session->Shutdown(0, ShowEvent, stop); !done) return done;

  Step(5, "Replace the file while nobody uses it:");
  if (auto done = holders.Replace("version 2"); !done) return done;
  Show("now \"version 2\"");

  Step(6, "Bring them back, with the arguments and the environment they had (RmRestart):");
  if (auto done = session->Restart(ShowEvent); !done) return done;
  const auto after = holders.Await(kHolders);
  if (!after) return after.error();
  ShowHolders(*after);

  Step(7, "End the session and clean up.");
  return session->End();
}

}  // namespace

int Demo(const DemoOptions&) {
  StopSignals signals;
  std::error_code failed;
  auto holders = DemoHolders::Create(std::filesystem::read_symlink("/proc/self/exe", failed));
  if (!holders) {
    Complain("{}", holders.error().text);
    return kExitBroken;
  }
  // A store of its own: nothing of this is mixed up with real sessions.
  setenv("RESTART_MANAGER_DIR", (holders->directory() + "/store").c_str(), 1);
  StopOnSignal watch(signals);
  const auto told = Tell(*holders, signals, watch.token());
  if (!told) {
    Complain("{}", told.error().text);
    return ExitCodeOfError(told.error().code);
  }
  const bool systemd = access("/run/systemd/system", F_OK) == 0;
  if (!systemd) Show("Not shown: services; there is no systemd here.");
  if (systemd) Show("Not shown: services; try restartctl run --dry-run -s UNIT -- true.");
  if (geteuid() != 0) Show("Not shown: programs of other users; that takes root.");
  return 0;
}

}  // namespace rm::cli
