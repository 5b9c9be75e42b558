// What does a stop do with these apps? A session, a machine and a store to tell stories of it with.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/win32_codes.h"
#include "execute/stop.h"
#include "fakes/fake_machine.h"
#include "fakes/fake_store.h"
#include "fakes/small_world.h"
#include "plan/stop_plan.h"

namespace rm::test {

inline constexpr uint32_t kFailedAlive = kStatusRunning | kStatusErrorOnStop;

class StopStory : public ::testing::Test {
 protected:
  StopStory() {
    context_.session = store_.Start(Id(900))->record;
    context_.store_directory = "/store";
    context_.percent = [this](unsigned percent) { percents_.push_back(percent); };
    context_.events = [this](const Event& event) { events_.push_back(event); };
    context_.cancel = cancel_.get_token();
  }

  // A program that comes back, as relaunching allows.
  App Returning(App app) {
    app.come_back = ComeBack::kRelaunched;
    sources_.captured[app.main] = RelaunchSpec{.was = app.main};
    return app;
  }
  App Returning(const std::string& name, pid_t pid) { return Returning(Program(name, pid)); }

  uint32_t StopAll(std::vector<App> apps) {
    plan_ = PlanStop(std::move(apps), sources_, {.force = context_.force});
    auto stopped = Stop(plan_, context_, machine_, store_);
    message_ = stopped ? "" : stopped.error().message;
    return stopped ? kSuccess : stopped.error().code;
  }

  uint32_t StatusOf(const std::string& name) const {
    for (const App& app : plan_.apps)
      if (app.name == name) return app.status;
    ADD_FAILURE() << name << " is not in the plan";
    return 0;
  }

  // As another process would read it now; none: nothing is written down.
  std::optional<DebtState> OnDisk(const std::string& name) {
    const SessionState state = store_.Peek(context_.session.id);
    for (const Debt& debt : state.debts)
      if (debt.app_name == name) return debt.state;
    return std::nullopt;
  }

  std::string RunOnDisk(const std::string& name) {
    const SessionState state = store_.Peek(context_.session.id);
    for (const Debt& debt : state.debts)
      if (debt.app_name == name) return debt.stopped_run;
    return "nothing is written down";
  }

  std::vector<std::string> AsksOnly() const {
    std::vector<std::string> asks;
    for (const std::string& act : machine_.acts())
      if (act.starts_with("ask")) asks.push_back(act);
    return asks;
  }

  FakeMachine machine_;
  FakeStore store_;
  std::stop_source cancel_;
  StopContext context_;
  ComeBackSources sources_;
  StopPlan plan_;
  std::string message_;
  std::vector<unsigned> percents_;
  std::vector<Event> events_;
};

}  // namespace rm::test
