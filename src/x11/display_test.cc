#include "x11/display.h"

#include <gmock/gmock.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>

#include "xvfb/xvfb.h"

namespace rm {
namespace {

using rm::testing::Program;
using rm::testing::Xvfb;

class DisplayTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string missing =
        Xvfb::Missing({"Xvfb", "xeyes", "xterm", "openbox", "l3afpad", "xdotool"});
    if (!missing.empty()) GTEST_SKIP() << "needs " << missing;
    xvfb_ = std::make_unique<Xvfb>();
  }

  std::vector<TopLevel> WindowsOf(const Program& program) {
    auto display = xvfb_->Connect();
    if (!display) throw std::runtime_error(display.error().message);
    auto windows = display->TopLevels();
    if (!windows) throw std::runtime_error(windows.error().message);
    std::erase_if(*windows, [&](const TopLevel& top) { return top.pid != program.pid(); });
    return *windows;
  }

  std::unique_ptr<Xvfb> xvfb_;
};

TEST_F(DisplayTest, KnowsTheProcessOfAWindowThatDoesNotTell) {
  const Program eyes = xvfb_->Start({"xeyes"});  // sets no _NET_WM_PID
  xvfb_->AwaitWindow(eyes.pid());
  const auto windows = WindowsOf(eyes);
  ASSERT_EQ(windows.size(), 1u);
  EXPECT_TRUE(windows[0].shown);
  EXPECT_TRUE(windows[0].takes_close);
  EXPECT_FALSE(windows[0].transient);
  EXPECT_EQ(windows[0].title, "xeyes");
}

TEST_F(DisplayTest, AWindowThatIsAskedToCloseEndsItsProgramInItsOwnWay) {
  Program eyes = xvfb_->Start({"xeyes"});
  const uint32_t window = xvfb_->AwaitWindow(eyes.pid());
  auto display = xvfb_->Connect();
  ASSERT_TRUE(display);
  display->AskToClose(window);
  const int status = eyes.Wait();
  EXPECT_TRUE(WIFEXITED(status)) << "it was no signal";
}

TEST_F(DisplayTest, FindsAWindowInTheFrameOfAWindowManager) {
  const Program manager = xvfb_->StartWindowManager();
  Program eyes = xvfb_->Start({"xeyes"});
  const uint32_t window = xvfb_->AwaitWindow(eyes.pid());
  ASSERT_EQ(WindowsOf(eyes).size(), 1u);
  EXPECT_EQ(WindowsOf(eyes)[0].window, window);
  EXPECT_TRUE(WindowsOf(eyes)[0].shown);

  xvfb_->Type({"windowminimize", "--sync", std::to_string(window)});
  ASSERT_EQ(WindowsOf(eyes).size(), 1u);
  EXPECT_TRUE(WindowsOf(eyes)[0].shown) << "an icon is a way to show it";

  auto display = xvfb_->Connect();
  ASSERT_TRUE(display);
  display->AskToClose(window);
  EXPECT_TRUE(WIFEXITED(eyes.Wait()));
}

TEST_F(DisplayTest, AProgramThatHidesItsWindowStillHasIt) {
  const Program eyes = xvfb_->Start({"xeyes"});
  const uint32_t window = xvfb_->AwaitWindow(eyes.pid());
  xvfb_->Type({"windowunmap", "--sync", std::to_string(window)});
  ASSERT_EQ(WindowsOf(eyes).size(), 1u);
  EXPECT_FALSE(WindowsOf(eyes)[0].shown);
}

TEST_F(DisplayTest, AnEditorAsksItsUserBeforeItCloses) {
  Program editor = xvfb_->Start({"l3afpad"});
  const uint32_t window = xvfb_->AwaitWindow(editor.pid(), "Untitled");
  auto display = xvfb_->Connect();
  ASSERT_TRUE(display);
  xvfb_->Type({"windowfocus", "--sync", std::to_string(window), "type", "unsaved"});
  xvfb_->AwaitWindow(editor.pid(), "*");

  const Closing closing(WindowsOf(editor));
  EXPECT_THAT(closing.asked(), ::testing::ElementsAre(window));
  display->AskToClose(window);
  const auto state = [&](const std::vector<TopLevel>& windows) {
    std::vector<TopLevel> own;
    for (const TopLevel& top : windows)
      if (top.pid == editor.pid()) own.push_back(top);
    std::string title;
    return closing.Look(own, title);
  };
  xvfb_->Await([&](const auto& windows) { return state(windows) == CloseState::kWaiting; });
  xvfb_->Type({"key", "Escape"});
  xvfb_->Await([&](const auto& windows) { return state(windows) == CloseState::kOpen; });
}

TEST_F(DisplayTest, DoesNotLetInWhoDoesNotKnowTheCookie) {
  setenv("XAUTHORITY", xvfb_->AuthorityOf(geteuid(), false).c_str(), 1);
  const auto display = Display::Connect(xvfb_->name());
  ASSERT_FALSE(display);
  EXPECT_NE(display.error().message.find(xvfb_->name()), std::string::npos);
}

TEST(Display, SaysThatThereIsNone) { EXPECT_FALSE(Display::Connect(":65000")); }

}  // namespace
}  // namespace rm
