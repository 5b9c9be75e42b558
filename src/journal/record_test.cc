#include "journal/record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace rm {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const JournalSession kSession{3, "0123456789abcdef", 1'666'815'853'425'326};

std::vector<std::string> All(const JournalRecord& record, const std::string& name) {
  std::vector<std::string> values;
  for (const JournalField& field : record.fields)
    if (field.name == name) values.push_back(field.value);
  return values;
}

std::string One(const JournalRecord& record, const std::string& name) {
  const std::vector<std::string> values = All(record, name);
  return values.size() == 1 ? values.front() : fmt::format("{} times {}", values.size(), name);
}

App Editor() {
  App app;
  app.main = {77, 770};
  app.name = "editor";
  app.executable = "/usr/bin/editor";
  app.type = AppType::kConsole;
  app.status = kStatusRunning;
  return app;
}

App Nginx() {
  App app = Editor();
  app.unit = UnitRef{std::nullopt, "nginx.service"};
  app.name = "A high performance web server";
  app.executable = "/usr/sbin/nginx";
  app.type = AppType::kService;
  return app;
}

std::vector<JournalRecord> OneOfEach() {
  return {SessionBegins(kSession, 0),
          SessionEnds(kSession),
          ResourcesRegistered(kSession, {1, 0, 0, {}}),
          RebootNeeded(kSession, {Editor()}, 1),
          AppEvent(JournalEvent::kStopping, kSession, Editor(), {}, ""),
          AppEvent(JournalEvent::kRestarting, kSession, Editor(), {}, ""),
          AppEvent(JournalEvent::kStopFailed, kSession, Editor(), {}, "why"),
          AppEvent(JournalEvent::kRestartFailed, kSession, Editor(), {}, "why"),
          AppEvent(JournalEvent::kCannotComeBack, kSession, Editor(), {}, "why"),
          InternalError(&kSession, "a sentence"),
          OwnerDied(kSession.name, {5, 50})};
}

TEST(JournalRecordTest, EachHasItsNumberAnIdOfItsOwnAndAPriority) {
  std::set<std::string> ids;
  for (const JournalRecord& record : OneOfEach()) {
    EXPECT_EQ(One(record, "RM_EVENT"), fmt::format("{}", static_cast<uint32_t>(record.event)));
    EXPECT_EQ(One(record, "SYSLOG_IDENTIFIER"), "restart-manager");
    EXPECT_THAT(One(record, "MESSAGE_ID"), SizeIs(32));
    EXPECT_TRUE(ids.insert(One(record, "MESSAGE_ID")).second);
    EXPECT_THAT(One(record, "MESSAGE"), Not(IsEmpty()));
    const uint32_t event = static_cast<uint32_t>(record.event);
    const bool error = event >= 10006 && event <= 10008;
    const bool warning = event >= 10010;
    EXPECT_EQ(One(record, "PRIORITY"), error ? "3" : warning ? "4" : "6") << event;
    EXPECT_EQ(One(record, "RM_SESSION"), kSession.name);
  }
}

// systemd.journal-fields(7): what journald drops silently.
TEST(JournalRecordTest, AllFieldNamesAreOnesThatJournaldTakes) {
  for (const JournalRecord& record : OneOfEach()) {
    for (const JournalField& field : record.fields) {
      EXPECT_LE(field.name.size(), 64u);
      EXPECT_TRUE(field.name.front() >= 'A' && field.name.front() <= 'Z') << field.name;
      EXPECT_EQ(field.name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"),
                std::string::npos)
          << field.name;
    }
  }
}

TEST(JournalRecordTest, ASessionIsItsSmallNumberItsNameAndItsStart) {
  const JournalRecord begins = SessionBegins(kSession, 0);
  EXPECT_EQ(One(begins, "RM_SESSION_ID"), "3");
  EXPECT_EQ(One(begins, "RM_UTC_START_TIME"), "2022-10-26T20:24:13.425326Z");
  EXPECT_EQ(One(SessionEnds(kSession), "RM_UTC_START_TIME"), "2022-10-26T20:24:13.425326Z");
  EXPECT_THAT(All(begins, "RM_UNSPOKEN"), IsEmpty());
  EXPECT_EQ(One(SessionBegins(kSession, 7), "RM_UNSPOKEN"), "7");
}

TEST(JournalRecordTest, AnAppHasTheFieldsOfWindows) {
  const JournalRecord record =
      AppEvent(JournalEvent::kStopping, kSession, Editor(), {"/a", "/b"}, "");
  EXPECT_EQ(One(record, "RM_SESSION_ID"), "3");
  EXPECT_EQ(One(record, "RM_FULL_PATH"), "/usr/bin/editor");
  EXPECT_EQ(One(record, "RM_DISPLAY_NAME"), "editor");
  EXPECT_EQ(One(record, "RM_APP_VERSION"), "0");
  EXPECT_EQ(One(record, "RM_APP_TYPE"), "5");
  EXPECT_EQ(One(record, "RM_TS_SESSION_ID"), "4294967295");
  EXPECT_EQ(One(record, "RM_STATUS"), "1");
  EXPECT_EQ(One(record, "RM_PID"), "77");
  EXPECT_EQ(One(record, "RM_N_FILES"), "2");
  EXPECT_THAT(All(record, "RM_FILE"), ElementsAre("/a", "/b"));
  EXPECT_THAT(All(record, "RM_UNIT"), IsEmpty());
}

TEST(JournalRecordTest, AServiceIsFoundUnderItsUnit) {
  const JournalRecord record = AppEvent(JournalEvent::kStopping, kSession, Nginx(), {}, "");
  EXPECT_EQ(One(record, "RM_UNIT"), "nginx.service");
  EXPECT_EQ(One(record, "OBJECT_SYSTEMD_UNIT"), "nginx.service");
  App of_user = Nginx();
  of_user.unit->user = 1000;
  const JournalRecord user = AppEvent(JournalEvent::kStopping, kSession, of_user, {}, "");
  EXPECT_EQ(One(user, "RM_UNIT"), "user:1000/nginx.service");
  EXPECT_EQ(One(user, "OBJECT_SYSTEMD_USER_UNIT"), "nginx.service");
  EXPECT_THAT(All(user, "OBJECT_SYSTEMD_UNIT"), IsEmpty());
}

TEST(JournalRecordTest, WhyItDoesNotComeBackIsSaid) {
  const JournalRecord record =
      AppEvent(JournalEvent::kCannotComeBack, kSession, Editor(), {}, "it never registered");
  EXPECT_EQ(One(record, "RM_REASON"), "1");
  EXPECT_EQ(One(record, "RM_WHY"), "it never registered");
  EXPECT_THAT(One(record, "MESSAGE"), HasSubstr("it never registered"));
}

TEST(JournalRecordTest, ARegistrationIsCountedAndNamed) {
  Registration batch;
  batch.files = {FileResource{"/a", {}, {}}, FileResource{"/b", {}, {}}};
  batch.processes = {ProcessId{9, 90}};
  batch.services = {UnitRef{std::nullopt, "nginx.service"}};
  const JournalRecord record = ResourcesRegistered(kSession, {2, 1, 1, batch});
  EXPECT_EQ(One(record, "MESSAGE"), "Session 3 registers 2 files, 1 process and 1 service");
  EXPECT_EQ(One(record, "RM_N_FILES"), "2");
  EXPECT_EQ(One(record, "RM_N_REG_PROCS"), "1");
  EXPECT_EQ(One(record, "RM_N_REG_SERVICES"), "1");
  EXPECT_THAT(All(record, "RM_FILES"), ElementsAre("/a", "/b"));
  EXPECT_THAT(All(record, "RM_REG_PROCS"), ElementsAre("9"));
  EXPECT_THAT(All(record, "RM_REG_SERVICES"), ElementsAre("nginx.service"));
}

TEST(JournalRecordTest, WhoIsInTheWayOfAllIsNamedWithTheReason) {
  App bus = Nginx();
  bus.reasons = kReasonCriticalService;
  bus.why_not_stoppable = "the machine does not go on without it";
  const JournalRecord record = RebootNeeded(kSession, {Editor(), bus}, bus.reasons);
  EXPECT_EQ(One(record, "RM_N_APPLICATIONS"), "1");
  EXPECT_THAT(All(record, "RM_APPLICATIONS"), ElementsAre("nginx.service"));
  EXPECT_EQ(One(record, "RM_REBOOT_REASONS"), "8");
  EXPECT_THAT(One(record, "MESSAGE"), HasSubstr(bus.why_not_stoppable));
}

TEST(JournalRecordTest, ManyFilesAreCountedAndTheFirstAreNamed) {
  Registration batch;
  for (int i = 0; i < 5000; ++i) batch.files.push_back({fmt::format("/file/{}", i), {}, {}});
  const JournalRecord record = ResourcesRegistered(kSession, {5000, 0, 0, batch});
  EXPECT_EQ(One(record, "RM_N_FILES"), "5000");
  EXPECT_THAT(All(record, "RM_FILES"), SizeIs(100));
  for (FileResource& file : batch.files) file.path.append(4000, 'x');
  EXPECT_THAT(All(ResourcesRegistered(kSession, {5000, 0, 0, batch}), "RM_FILES"), SizeIs(12));
}

TEST(JournalRecordTest, ANameDoesNotDrawOnTheReadersTerminal) {
  App app = Editor();
  app.name = "ed\x1b[31m\nitor";
  const JournalRecord record = AppEvent(JournalEvent::kStopping, kSession, app, {}, "");
  EXPECT_THAT(One(record, "MESSAGE"), HasSubstr("ed?[31m?itor"));
  EXPECT_EQ(One(record, "RM_DISPLAY_NAME"), app.name);
}

TEST(JournalRecordTest, AnInternalErrorCarriesWhatIsKnownAndItsSize) {
  const JournalRecord record = InternalError(&kSession, "disk full");
  EXPECT_EQ(One(record, "RM_CB_SIZE"), "9");
  EXPECT_EQ(One(record, "RM_PB_BINARY"), "disk full");
  EXPECT_THAT(All(InternalError(nullptr, "x"), "RM_SESSION_ID"), IsEmpty());
}

}  // namespace
}  // namespace rm
