#include "abi/convert.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/win32_codes.h"
#include "fakes/small_world.h"

namespace rm {
namespace {

using namespace test;

constexpr int64_t kBoot = 1'700'000'000'123'457;  // no multiple of a clock tick

uint64_t TimeOf(const FILETIME& time) {
  return uint64_t{time.dwHighDateTime} << 32 | time.dwLowDateTime;
}

RM_UNIQUE_PROCESS Shifted(RM_UNIQUE_PROCESS process, int64_t by) {
  const uint64_t time = TimeOf(process.ProcessStartTime) + static_cast<uint64_t>(by);
  process.ProcessStartTime = {static_cast<DWORD>(time), static_cast<DWORD>(time >> 32)};
  return process;
}

TEST(StartTimeTest, IsAFiletimeCountedFromTheBoot) {
  const auto ticks = static_cast<uint64_t>(sysconf(_SC_CLK_TCK));
  const RM_UNIQUE_PROCESS process = ToUnique({42, ticks * 5}, 0);
  EXPECT_EQ(process.dwProcessId, 42u);
  EXPECT_EQ(TimeOf(process.ProcessStartTime), 116'444'736'000'000'000u + 50'000'000u);
}

TEST(StartTimeTest, EveryTickComesBackAsItself) {
  for (uint64_t ticks :
       {uint64_t{0}, uint64_t{1}, uint64_t{99}, uint64_t{123'456'789}, uint64_t{1} << 40}) {
    const ProcessId process{42, ticks};
    EXPECT_EQ(ToProcess(ToUnique(process, kBoot), kBoot), process);
  }
}

TEST(StartTimeTest, ATimeBetweenTwoTicksBelongsToNobody) {
  const RM_UNIQUE_PROCESS process = ToUnique({42, 1000}, kBoot);
  for (int64_t by : {-1, 1, -4000, 4000})
    EXPECT_NE(ToProcess(Shifted(process, by), kBoot), (ProcessId{42, 1000})) << by;
  EXPECT_EQ(ToProcess(Shifted(process, 1), kBoot).start_ticks,
            std::numeric_limits<uint64_t>::max());
}

TEST(StartTimeTest, ATimeBeforeTheBootOrBeyondAllReasonBelongsToNobody) {
  constexpr auto kNobody = std::numeric_limits<uint64_t>::max();
  EXPECT_EQ(ToProcess({42, {0, 0}}, kBoot).start_ticks, kNobody);
  EXPECT_EQ(ToProcess(Shifted(ToUnique({42, 0}, kBoot), -1), kBoot).start_ticks, kNobody);
  EXPECT_EQ(ToProcess({42, {0xFFFFFFFF, 0xFFFFFFFF}}, kBoot).pid, 42);
}

TEST(TextTest, IsCutToWhatFitsAndAlwaysEnds) {
  WCHAR out[5];
  std::fill(std::begin(out), std::end(out), u'#');
  CopyText("abc", out, 5);
  EXPECT_EQ(std::u16string(out), u"abc");
  CopyText("abcdefgh", out, 5);
  EXPECT_EQ(std::u16string(out), u"abcd");
  CopyText("", out, 5);
  EXPECT_EQ(out[0], 0);
}

TEST(TextTest, IsNotCutInsideASurrogatePair) {
  WCHAR out[4];
  CopyText("ab\xF0\x9F\x98\x80", out, 4);
  EXPECT_EQ(std::u16string(out), u"ab");
  CopyText("a\xF0\x9F\x98\x80", out, 4);
  EXPECT_EQ(std::u16string(out), u"a\U0001F600");
}

TEST(TextTest, NullAndWhatStandsForNothingAreBadArguments) {
  EXPECT_EQ(ToUtf8(nullptr, "a name").error().code, kBadArguments);
  EXPECT_EQ(ToUtf8(u"\xD800", "a name").error().code, kBadArguments);
  EXPECT_EQ(ToUtf8(u"a\u00e9", "a name").value(), "a\xC3\xA9");
}

TEST(InfoTest, AServiceShowsItsShortNameCutAtSixtyThree) {
  App app = Service("nginx", 7);
  app.name = "A web server";
  app.status = 0x82;
  app.login_session = 3;
  RM_PROCESS_INFO info = ToInfo(app, kBoot);
  EXPECT_EQ(std::u16string(info.strAppName), u"A web server");
  EXPECT_EQ(std::u16string(info.strServiceShortName), u"nginx");
  EXPECT_EQ(info.ApplicationType, RmService);
  EXPECT_EQ(info.AppStatus, 0x82u);
  EXPECT_EQ(info.TSSessionId, 3u);
  EXPECT_EQ(info.bRestartable, 1);
  info = ToInfo(Service(std::string(100, 'x'), 7), kBoot);
  EXPECT_EQ(std::u16string(info.strServiceShortName), std::u16string(63, u'x'));
}

TEST(InfoTest, AProgramHasNoServiceNameAndIsRestartableOnlyIfItComesBack) {
  App app = Program("editor", 7);
  EXPECT_EQ(ToInfo(app, kBoot).strServiceShortName[0], 0);
  EXPECT_EQ(ToInfo(app, kBoot).bRestartable, 0);
  EXPECT_EQ(ToInfo(app, kBoot).TSSessionId, RM_INVALID_TS_SESSION);
  app.come_back = ComeBack::kRegistered;
  EXPECT_EQ(ToInfo(app, kBoot).bRestartable, 1);
  app.unit = Unit("user:1000/app-editor.scope");
  EXPECT_EQ(ToInfo(app, kBoot).strServiceShortName[0], 0);
}

}  // namespace
}  // namespace rm
