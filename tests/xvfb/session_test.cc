// Programs with windows, stopped by a session: real ones, on an X server of the test's own.
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <restartmanager.hpp>
#include <stdexcept>

#include "xvfb/xvfb.h"

namespace rm::testing {
namespace {

namespace api = restartmanager;

constexpr uid_t kNobody = 65534;

class WindowSession : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string missing = Xvfb::Missing({"Xvfb", "xeyes", "openbox", "l3afpad", "xdotool"});
    if (!missing.empty()) GTEST_SKIP() << "needs " << missing;
    xvfb_ = std::make_unique<Xvfb>();
    const std::string store = xvfb_->directory() + "/store";
    std::filesystem::create_directory(store);
    std::filesystem::permissions(store, std::filesystem::perms::owner_all);
    setenv("RESTART_MANAGER_DIR", store.c_str(), 1);
    file_ = xvfb_->directory() + "/held";
    std::ofstream(file_) << "content";
  }

  Program Holder(const std::vector<std::string>& command, uid_t user = geteuid()) {
    Xvfb::Way way{.user = user, .holds = file_};
    if (user != geteuid()) way.authority = xvfb_->AuthorityOf(user);
    return xvfb_->Start(command, way);
  }

  // xeyes, its window shown.
  Program Eyes(uid_t user = geteuid()) {
    Program eyes = Holder({"xeyes"}, user);
    xvfb_->AwaitWindow(eyes.pid());
    return eyes;
  }

  // A window of tests/xvfb/odd_window.c, shown.
  Program Odd(const std::string& manner) {
    Program odd = Holder({ODD_WINDOW, manner});
    xvfb_->Await([&](const std::vector<TopLevel>& windows) {
      return std::ranges::any_of(
          windows, [&](const TopLevel& top) { return top.pid == odd.pid() && top.shown; });
    });
    return odd;
  }

  // An editor, with a text that is not saved.
  Program Editor() {
    Program editor = Holder({"l3afpad"});
    const uint32_t window = xvfb_->AwaitWindow(editor.pid(), "Untitled");
    xvfb_->Type({"windowfocus", "--sync", std::to_string(window), "type", "unsaved"});
    xvfb_->AwaitWindow(editor.pid(), "*");
    return editor;
  }

  api::Session Begin() {
    auto session = api::Session::Start();
    if (!session) throw std::runtime_error(session.error().text);
    if (auto registered = session->Register({.files = {file_}}); !registered)
      throw std::runtime_error(registered.error().text);
    return std::move(*session);
  }

  static api::App Only(api::Session& session) {
    auto list = session.Apps();
    if (!list) throw std::runtime_error(list.error().text);
    if (list->apps.size() != 1) throw std::runtime_error("not one app");
    return list->apps[0];
  }

  static bool Lives(const Program& program) { return kill(program.pid(), 0) == 0; }

  std::unique_ptr<Xvfb> xvfb_;
  std::string file_;
};

TEST_F(WindowSession, AWindowIsAskedToCloseAndItsProgramEndsInItsOwnWay) {
  Program eyes = Eyes();
  api::Session session = Begin();
  EXPECT_EQ(Only(session).type, RmMainWindow);
  EXPECT_EQ(session.GetPlan(0)->steps[0].how.substr(0, 32), "its windows are asked to close; ");
  const auto done = session.Shutdown(0);
  EXPECT_TRUE(done) << done.error().text;
  EXPECT_TRUE(WIFEXITED(eyes.Wait())) << "it was no signal";
  EXPECT_EQ(Only(session).status, ULONG{RmStatusStopped});
}

TEST_F(WindowSession, AHiddenWindowIsAnotherTypeAndClosesAsWell) {
  Program eyes = Holder({"xeyes"});
  const uint32_t window = xvfb_->AwaitWindow(eyes.pid());
  xvfb_->Type({"windowunmap", "--sync", std::to_string(window)});
  api::Session session = Begin();
  EXPECT_EQ(Only(session).type, RmOtherWindow);
  EXPECT_TRUE(session.Shutdown(0));
  EXPECT_TRUE(WIFEXITED(eyes.Wait()));
}

TEST_F(WindowSession, WindowsAreClosedBeforeAProgramWithoutIsAsked) {
  const Program eyes = Eyes();
  const Program tail = Holder({"/usr/bin/tail", "-f", "/dev/null"});
  api::Session session = Begin();
  std::vector<std::pair<RMX_EVENT_KIND, std::string>> seen;
  EXPECT_TRUE(session.Shutdown(0, [&](const api::Event& event) {
    if (event.kind == RmxEventStopping || event.kind == RmxEventStopped)
      seen.emplace_back(event.kind, event.name);
  }));
  EXPECT_THAT(seen, ::testing::ElementsAre(::testing::Pair(RmxEventStopping, "xeyes"),
                                           ::testing::Pair(RmxEventStopped, "xeyes"),
                                           ::testing::Pair(RmxEventStopping, "tail"),
                                           ::testing::Pair(RmxEventStopped, "tail")));
}

TEST_F(WindowSession, WhatItAsksItsUserIsToldAndTheAnswerCounts) {
  Program editor = Editor();
  api::Session session = Begin();
  std::vector<std::string> questions;
  const auto done = session.Shutdown(0, [&](const api::Event& event) {
    if (event.kind != RmxEventWaitingForUser) return;
    questions.push_back(event.text);
    EXPECT_EQ(event.pid, static_cast<DWORD>(editor.pid()));
    xvfb_->Type({"key", "alt+n"});  // "No", do not save
  });
  EXPECT_TRUE(done) << done.error().text;
  ASSERT_FALSE(questions.empty());
  EXPECT_NE(questions[0], "");
  EXPECT_TRUE(WIFEXITED(editor.Wait()));
}

TEST_F(WindowSession, WhoseUserDoesNotAnswerStaysAndItIsToldWhy) {
  const Program editor = Editor();
  // A slow machine may need longer until the question is there at all.
  for (uint64_t limit = 1000;; limit *= 2) {
    api::Session session = Begin();
    ASSERT_TRUE(session.SetOption(RmxOptionAppTimeout, limit));
    bool asked = false;
    std::string why;
    const auto done = session.Shutdown(0, [&](const api::Event& event) {
      asked = asked || event.kind == RmxEventWaitingForUser;
      if (event.kind == RmxEventStopFailed) why = event.text;
    });
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, DWORD{ERROR_FAIL_SHUTDOWN});
    EXPECT_TRUE(Lives(editor));
    EXPECT_EQ(Only(session).status, ULONG{RmStatusRunning | RmStatusErrorOnStop});
    if (!asked) {
      xvfb_->Type({"key", "Escape"});
      continue;
    }
    EXPECT_NE(why.find("did not answer its question in time"), why.npos) << why;
    return;
  }
}

TEST_F(WindowSession, CancelledWhileItAsksItsUserItStays) {
  const Program editor = Editor();
  api::Session session = Begin();
  std::stop_source stop;
  const auto done = session.Shutdown(
      0,
      [&](const api::Event& event) {
        if (event.kind == RmxEventWaitingForUser) stop.request_stop();
      },
      stop.get_token());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, DWORD{ERROR_CANCELLED});
  EXPECT_TRUE(Lives(editor));
}

TEST_F(WindowSession, ForceEndsWhoIsDeafOnlyWhenItsTimeIsOver) {
  Program odd = Odd("deaf");
  api::Session session = Begin();
  ASSERT_TRUE(session.SetOption(RmxOptionAppTimeout, 300));
  EXPECT_FALSE(session.Shutdown(0));
  EXPECT_TRUE(Lives(odd)) << "no signal was sent";
  EXPECT_TRUE(session.Shutdown(RmForceShutdown));
  const int status = odd.Wait();
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

TEST_F(WindowSession, OneRefusesBeforeAnyWindowIsClosedAndBothStay) {
  const Program eyes = Eyes();
  const Program odd = Odd("refuses");
  api::Session session = Begin();
  std::string why;
  const auto done = session.Shutdown(0, [&](const api::Event& event) {
    if (event.kind == RmxEventStopFailed) why = event.text;
  });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, DWORD{ERROR_FAIL_SHUTDOWN});
  EXPECT_EQ(why, "it refuses to leave: not now");
  EXPECT_TRUE(Lives(eyes));
  EXPECT_TRUE(Lives(odd));
}

TEST_F(WindowSession, AWindowThatTakesNoQuestionIsToldByASignal) {
  Program odd = Odd("bare");
  api::Session session = Begin();
  EXPECT_EQ(Only(session).type, RmMainWindow);
  EXPECT_TRUE(session.Shutdown(0));
  const int status = odd.Wait();
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

TEST_F(WindowSession, WhoLivesOnWithoutItsWindowIsToldByASignalLater) {
  Program odd = Odd("lingers");
  api::Session session = Begin();
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(session.Shutdown(0));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5))
      << "it may be saving";
  const int status = odd.Wait();
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

TEST_F(WindowSession, AnotherUsersWindowsAreAskedWithThatUsersRights) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  Program eyes = Eyes(kNobody);
  api::Session session = Begin();
  EXPECT_EQ(Only(session).type, RmMainWindow);
  EXPECT_TRUE(session.Shutdown(0));
  EXPECT_TRUE(WIFEXITED(eyes.Wait()));
}

TEST_F(WindowSession, WhoseCookieIsWrongIsToldByASignal) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  const std::string good = xvfb_->AuthorityOf(kNobody);
  Program eyes = xvfb_->Start({"xeyes"}, {.user = kNobody, .authority = good, .holds = file_});
  xvfb_->AwaitWindow(eyes.pid());
  std::filesystem::remove(good);
  api::Session session = Begin();
  EXPECT_EQ(Only(session).type, RmConsole);
  EXPECT_TRUE(session.Shutdown(0));
  const int status = eyes.Wait();
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

TEST_F(WindowSession, ADisplayThatHangsCostsItsTimeAndNoMore) {
  Program eyes = Eyes();
  xvfb_->Signal(SIGSTOP);
  api::Session session = Begin();
  EXPECT_EQ(Only(session).type, RmConsole) << "nobody says what it has";
  const auto done = session.Shutdown(0);
  EXPECT_TRUE(done) << done.error().text;
  const int status = eyes.Wait();
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
  xvfb_->Signal(SIGCONT);
}

TEST_F(WindowSession, ADisplayThatHangsInTheMiddleIsGivenUp) {
  Program eyes = Eyes();
  api::Session session = Begin();
  const auto done = session.Shutdown(0, [&](const api::Event& event) {
    if (event.kind == RmxEventStopping) xvfb_->Signal(SIGSTOP);
  });
  EXPECT_TRUE(done) << done.error().text;
  const int status = eyes.Wait();
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
  xvfb_->Signal(SIGCONT);
}

TEST_F(WindowSession, AProgramThatWasClosedComesBackToItsDisplay) {
  Program eyes = Eyes();
  api::Session session = Begin();
  ASSERT_TRUE(session.SetOption(RmxOptionRelaunch, 1));
  ASSERT_TRUE(session.Shutdown(0));
  eyes.Wait();
  const auto done = session.Restart();
  EXPECT_TRUE(done) << done.error().text;
  pid_t again = 0;
  xvfb_->Await([&](const std::vector<TopLevel>& windows) {
    for (const TopLevel& top : windows)
      if (top.title == "xeyes" && top.shown) again = top.pid;
    return again != 0;
  });
  kill(again, SIGTERM);
}

}  // namespace
}  // namespace rm::testing
