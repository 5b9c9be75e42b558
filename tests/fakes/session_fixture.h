// For tests: one installer, the file it registered, and who uses that, on fakes.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "base/win32_codes.h"
#include "fakes/fake_machine.h"
#include "fakes/fake_store.h"
#include "fakes/small_world.h"
#include "session/session.h"

namespace rm::test {

inline constexpr pid_t kInstaller = 900;

template <class T>
uint32_t CodeOf(const Result<T>& result) {
  return result ? kSuccess : result.error().code;
}

class SessionTest : public ::testing::Test {
 protected:
  SessionTest() : session_(Start()) {
    machine_->caller.self = Id(kInstaller);
    store_->is_alive = [this](const ProcessId& process) { return machine_->IsAlive(process); };
    EXPECT_TRUE(session_.Register({"/usr/lib/libfoo.so"}, {}, {}));
  }

  Session Start() {
    record_ = store_->Start(Id(kInstaller))->record;
    return Session(record_, Role::kPrimary, machine_, store_, "/store");
  }
  Session Join() { return Session(record_, Role::kSecondary, machine_, store_, "/store"); }

  uint32_t Shutdown(StopOptions options = {}) {
    percents_.clear();
    return CodeOf(session_.Shutdown(options, [this](unsigned p) { percents_.push_back(p); }));
  }
  uint32_t Restart() {
    percents_.clear();
    return CodeOf(session_.Restart([this](unsigned p) { percents_.push_back(p); }));
  }

  // "editor 0x2"
  std::vector<std::string> Listed() {
    auto list = session_.List(false);
    EXPECT_EQ(CodeOf(list), kSuccess);
    std::vector<std::string> listed;
    for (const App& app : list->apps)
      listed.push_back(fmt::format("{} 0x{:x}", app.unit ? app.unit->name : app.name, app.status));
    return listed;
  }

  size_t Owed(SessionId session) {
    const SessionState state = store_->Peek(session);
    return static_cast<size_t>(std::ranges::count(state.debts, DebtState::kOwed, &Debt::state));
  }

  Observation& seen() { return machine_->observation; }

  std::shared_ptr<FakeMachine> machine_ = std::make_shared<FakeMachine>();
  std::shared_ptr<FakeStore> store_ = std::make_shared<FakeStore>();
  SessionRecord record_;
  Session session_;
  std::vector<unsigned> percents_;
};

}  // namespace rm::test
