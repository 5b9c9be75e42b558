#include "x11/top_level.h"

#include <gmock/gmock.h>

namespace rm {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TopLevel Window(uint32_t number, bool shown = true) {
  TopLevel window;
  window.pid = 50;
  window.window = number;
  window.shown = shown;
  window.takes_close = true;
  window.title = "window " + std::to_string(number);
  return window;
}

TopLevel Dialog(uint32_t number, const std::string& title) {
  TopLevel window = Window(number);
  window.transient = true;
  window.title = title;
  return window;
}

CloseState StateOf(const Closing& closing, const std::vector<TopLevel>& windows) {
  std::string title;
  return closing.Look(windows, title);
}

TEST(Closing, AsksTheShownMainWindowsAndLeavesTheirDialogsToThem) {
  EXPECT_THAT(Closing({Window(1), Window(2), Window(3, false), Dialog(4, "Find")}).asked(),
              ElementsAre(1, 2));
}

TEST(Closing, AsksADialogThatIsAllThatIsShown) {
  EXPECT_THAT(Closing({Window(1, false), Dialog(2, "Log in")}).asked(), ElementsAre(2));
}

TEST(Closing, AsksHiddenWindowsWhenNoneIsShown) {
  EXPECT_THAT(Closing({Window(1, false), Window(2, false)}).asked(), ElementsAre(1, 2));
}

TEST(Closing, NeverAsksWhoWouldNotUnderstand) {
  TopLevel clock = Window(1);
  clock.takes_close = false;
  const Closing closing({clock});
  EXPECT_THAT(closing.asked(), IsEmpty());
  EXPECT_EQ(StateOf(closing, {clock}), CloseState::kNone);
}

TEST(Closing, IsOpenUntilNothingIsShownThatCouldBeAsked) {
  const Closing closing({Window(1), Window(2)});
  EXPECT_EQ(StateOf(closing, {Window(1), Window(2)}), CloseState::kOpen);
  EXPECT_EQ(StateOf(closing, {Window(2)}), CloseState::kOpen);
  EXPECT_EQ(StateOf(closing, {Window(2, false)}), CloseState::kClosed) << "gone into the tray";
  EXPECT_EQ(StateOf(closing, {}), CloseState::kClosed);
}

TEST(Closing, WhatAppearsAfterwardsWaitsForAnAnswer) {
  const Closing closing({Window(1), Dialog(2, "Find")});
  std::string title;
  EXPECT_EQ(closing.Look({Window(1), Dialog(2, "Find"), Dialog(3, "Save?")}, title),
            CloseState::kWaiting);
  EXPECT_EQ(title, "Save?");
  EXPECT_EQ(StateOf(closing, {Window(1), Dialog(2, "Find")}), CloseState::kOpen) << "called off";
}

TEST(Closing, ADialogWithoutATitleIsCalledAfterItsProgram) {
  const Closing closing({Window(1)});
  std::string title;
  EXPECT_EQ(closing.Look({Window(1), Dialog(3, "")}, title), CloseState::kWaiting);
  EXPECT_EQ(title, "window 1");
}

TEST(Closing, ADialogThatWasMadeBeforeAndIsShownNowWaitsToo) {
  const Closing closing({Window(1), Window(2, false)});
  EXPECT_EQ(StateOf(closing, {Window(1), Window(2)}), CloseState::kWaiting);
}

TEST(Closing, AModalDialogThatWasThereBeforeWaitsToo) {
  TopLevel modal = Dialog(2, "Open file");
  modal.modal = true;
  const Closing closing({Window(1), modal});
  EXPECT_EQ(StateOf(closing, {Window(1), modal}), CloseState::kWaiting);
}

}  // namespace
}  // namespace rm
