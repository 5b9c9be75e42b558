#include <unistd.h>

#include <algorithm>
#include <memory>
#include <restartmanager.hpp>
#include <stdexcept>

#include "cli/restartctl.h"

namespace rm::cli {

namespace api = restartmanager;

namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;

class CppApi : public RestartctlTest {
 protected:
  api::Session Begin() {
    auto session = api::Session::Start();
    if (!session) throw std::runtime_error(session.error().text);
    Must(session->SetOption(RmxOptionRelaunch, 1));
    Must(session->Register({.files = {holders_.file()}}));
    return std::move(*session);
  }
  // The directory in which the file is.
  static api::Session Tree(const std::string& file) {
    auto session = api::Session::Start();
    if (!session) throw std::runtime_error(session.error().text);
    const auto tree = session->RegisterTree(file.substr(0, file.rfind('/')));
    if (!tree) throw std::runtime_error(tree.error().text);
    if (tree->files == 0) throw std::runtime_error("nothing is below it");
    return std::move(*session);
  }
  static void Must(const api::Result<void>& done) {
    if (!done) throw std::runtime_error(done.error().text);
  }
};

TEST_F(CppApi, ASessionThatIsForgottenBringsBackWhatItStopped) {
  Start(2);
  {
    api::Session session = Begin();
    Must(session.Shutdown(0));
    Must(holders_.Replace("new"));
  }
  EXPECT_THAT(Contents(2), Each(std::string("new")));
  EXPECT_TRUE(api::Sessions()->empty());
}

TEST_F(CppApi, WhatAnObserverThrowsReachesTheCaller) {
  Start(1);
  api::Session session = Begin();
  EXPECT_THROW((void)session.Shutdown(0, [](const api::Event&) { throw std::logic_error("no"); }),
               std::logic_error);
}

TEST_F(CppApi, AStopThatWasRequestedBeforeIsNotLost) {
  Start(1);
  const auto before = Pids(1);
  api::Session session = Begin();
  std::stop_source stop;
  stop.request_stop();
  const auto done = session.Shutdown(0, {}, stop.get_token());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, static_cast<DWORD>(ERROR_CANCELLED));
  EXPECT_EQ(Pids(1), before);
}

TEST_F(CppApi, ASessionThatWasCancelledBeforeItStoppedAnybodyEnds) {
  Start(1);
  {
    api::Session session = Begin();
    std::stop_source stop;
    stop.request_stop();
    ASSERT_FALSE(session.Shutdown(0, {}, stop.get_token()));
  }
  EXPECT_TRUE(api::Sessions()->empty());
}

TEST_F(CppApi, AnObserverMayRequestAStop) {
  Start(1);
  const auto before = Pids(1);
  api::Session session = Begin();
  std::stop_source stop;
  const auto done = session.Shutdown(
      0,
      [&](const api::Event& event) {
        EXPECT_EQ(event.kind, RmxEventHold);
        stop.request_stop();
      },
      stop.get_token());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, static_cast<DWORD>(ERROR_CANCELLED));
  EXPECT_EQ(Pids(1), before);
}

TEST_F(CppApi, AnObserverIsToldOfEachStep) {
  Start(1);
  api::Session session = Begin();
  std::vector<RMX_EVENT_KIND> kinds;
  const auto observer = [&](const api::Event& event) { kinds.push_back(event.kind); };
  Must(session.Shutdown(0, observer));
  Must(session.Restart(observer));
  EXPECT_THAT(kinds, ElementsAre(RmxEventHold, RmxEventStopping, RmxEventStopped, RmxEventRelease,
                                 RmxEventRestarting, RmxEventRestarted));
  EXPECT_EQ(Contents(1).size(), 1u);
}

TEST_F(CppApi, APlanSaysWhatShutdownWouldDo) {
  Start(2);
  api::Session session = Begin();
  const auto plan = session.GetPlan(0);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->refusal, 0u);
  EXPECT_EQ(plan->steps.size(), 2u);
  EXPECT_THAT(plan->steps, Each(Field(&api::Step::act, "stop")));
}

TEST_F(CppApi, ASessionMovesWithWhatItOwes) {
  Start(1);
  {
    api::Session first = Begin();
    Must(first.Shutdown(0));
    Must(holders_.Replace("new"));
    api::Session second = std::move(first);
    { const api::Session nobody = std::move(first); }  // what was moved from ends nothing
    EXPECT_EQ(api::Sessions()->size(), 1u);
    EXPECT_FALSE(second.key().empty());
  }
  EXPECT_THAT(Contents(1), Each(std::string("new")));
  EXPECT_TRUE(api::Sessions()->empty());
}

TEST_F(CppApi, AnAssignedSessionEndsTheOneBefore) {
  api::Session session = Begin();
  const std::string before = session.key();
  session = Begin();
  EXPECT_FALSE(api::Session::Open(before));
  EXPECT_EQ(api::Sessions()->size(), 1u);
}

TEST_F(CppApi, WhoJoinsRegistersAndLeavesAndTheSessionGoesOn) {
  api::Session primary = Begin();
  {
    auto joined = api::Session::Join(primary.key());
    ASSERT_TRUE(joined);
    Must(joined->Register({.services = {"no-such"}}));
    const auto apps = joined->Apps();
    ASSERT_FALSE(apps);
    EXPECT_EQ(apps.error().code, static_cast<DWORD>(ERROR_SESSION_CREDENTIAL_CONFLICT));
  }
  ASSERT_EQ(api::Sessions()->size(), 1u);
  EXPECT_EQ(api::Sessions()->at(0).services, 1u);
}

TEST_F(CppApi, ProcessesAndUnitsAreDescribed) {
  const auto self = api::DescribeProcess(static_cast<DWORD>(getpid()));
  ASSERT_TRUE(self);
  EXPECT_TRUE(api::SameProcess(*self, *api::DescribeProcess(static_cast<DWORD>(getpid()))));
  EXPECT_FALSE(api::DescribeProcess(0));
  EXPECT_FALSE(api::DescribeUnit("no/name"));
  EXPECT_TRUE(api::Recover());
  EXPECT_EQ(api::GiveUp({"nginx.service"}).error().code, DWORD{ERROR_FILE_NOT_FOUND});
}

TEST(CppResult, HoldsAValueThatCanOnlyBeMovedOrAnError) {
  api::Result<std::unique_ptr<int>> value(std::make_unique<int>(7));
  ASSERT_TRUE(value);
  EXPECT_EQ(*std::move(*value), 7);
  const api::Result<std::string> text(std::string("abc"));
  EXPECT_EQ(text->size(), 3u);
  const api::Result<int> error(api::Error{ERROR_WRITE_FAULT, "why"});
  ASSERT_FALSE(error);
  EXPECT_EQ(error.error().code, static_cast<DWORD>(ERROR_WRITE_FAULT));
  EXPECT_TRUE(api::Result<void>());
  EXPECT_FALSE(api::Result<void>(api::Error{ERROR_CANCELLED, ""}));
}

TEST_F(CppApi, ATreeIsRegisteredAndItsHoldersAreTold) {
  Start(2);
  api::Session session = Tree(holders_.file());
  const auto holders = session.Holders();
  ASSERT_TRUE(holders);
  size_t maps = 0;
  for (const api::Holder& holder : holders->holders) {
    // The test's own store lies in the tree as well.
    if (holder.holding.path != holders_.file() || holder.holding.kind != RmxHoldMapping) continue;
    ++maps;
    EXPECT_EQ(holder.registered + "/", holders_.file().substr(0, holders_.file().rfind('/') + 1));
    EXPECT_NE(holder.name, "");
    EXPECT_FALSE(holder.holding.previous_content);
  }
  EXPECT_EQ(maps, 2u);
  const auto apps = session.Apps()->apps;
  EXPECT_EQ(std::ranges::count(apps, RmConsole, &api::App::type), 2);
}

TEST_F(CppApi, WhatOnlyLooksCanBeCancelledToo) {
  Start(1);
  api::Session session = Begin();
  std::stop_source stop;
  stop.request_stop();
  const auto cancelled = [](const auto& result) {
    return !result && result.error().code == static_cast<DWORD>(ERROR_CANCELLED) &&
           !result.error().text.empty();
  };
  EXPECT_TRUE(cancelled(session.Apps(stop.get_token())));
  EXPECT_TRUE(cancelled(session.Holders(stop.get_token())));
  EXPECT_TRUE(cancelled(session.GetPlan(0, stop.get_token())));
  EXPECT_TRUE(cancelled(session.RegisterTree("/etc", 0, stop.get_token())));
  EXPECT_TRUE(session.Apps());
}

TEST_F(CppApi, ATreeThatIsNoneIsAFailureWithASentence) {
  api::Session session = Begin();
  const auto tree = session.RegisterTree("relative");
  ASSERT_FALSE(tree);
  EXPECT_EQ(tree.error().code, static_cast<DWORD>(ERROR_BAD_ARGUMENTS));
  EXPECT_NE(tree.error().text, "");
  const auto missing = session.RegisterTree("/not/there");
  ASSERT_TRUE(missing);
  EXPECT_EQ(missing->files + missing->directories, 0u);
}

TEST_F(CppApi, AFilterComesBackAsItWasGiven) {
  api::Session session = Begin();
  const std::string odd =
      "/opt/a\xff"
      "ü漢𝄞";
  Must(session.AddFilter({api::Executable{odd}, RmNoRestart}));
  auto filters = session.Filters();
  ASSERT_TRUE(filters);
  ASSERT_EQ(filters->size(), 1u);
  EXPECT_EQ(std::get<api::Executable>(filters->at(0).target).path, odd);
  EXPECT_EQ(filters->at(0).action, RmNoRestart);
  Must(session.RemoveFilter(api::Executable{odd}));
  EXPECT_TRUE(session.Filters()->empty());
}

TEST_F(CppApi, AFailureHasACodeAndASentence) {
  const auto joined = api::Session::Join(std::string(32, '0'));
  ASSERT_FALSE(joined);
  EXPECT_EQ(joined.error().code, static_cast<DWORD>(ERROR_SESSION_CREDENTIAL_CONFLICT));
  EXPECT_NE(joined.error().text, "");
}

TEST_F(CppApi, ASessionThatIsClosedGoesOnAndCanBeOpenedByItsKey) {
  Start(1);
  std::string key;
  {
    api::Session session = Begin();
    key = session.key();
    Must(session.Close());
  }
  auto again = api::Session::Open(key);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->Apps()->apps.size(), 1u);
  Must(again->End());
  EXPECT_FALSE(api::Session::Open(key));
}

TEST(Utf16, BytesThatAreNoUtf8AreSpelledWithLoneSurrogates) {
  using restartmanager::detail::ToUtf16;
  using restartmanager::detail::ToUtf8;
  EXPECT_EQ(ToUtf16("a\xff\xc3\xbc\xf0\x9d\x84\x9e"), u"a\xDCFF\u00FC\U0001D11E");
  // Overlong, surrogate, too large, cut off: each byte by itself.
  for (const std::string text : {"\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82"}) {
    EXPECT_EQ(ToUtf16(text).size(), text.size());
    EXPECT_EQ(ToUtf8(ToUtf16(text)), text);
  }
}

}  // namespace
}  // namespace rm::cli
