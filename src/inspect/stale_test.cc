#include "inspect/stale.h"

#include <gmock/gmock.h>

namespace rm {
namespace {

constexpr int64_t kStart = 1'000'000'000'000;

MappedFile Library(AtName at_name) {
  MappedFile file;
  file.process = {7, 70};
  file.path = file.mapped = "/usr/lib/libfoo.so.1";
  file.at_name = at_name;
  file.is_elf = true;
  file.process_started_ns = kStart;
  file.born_ns = kStart - 1;
  return file;
}

MappedFile Replaced(const char* mapped_id, const char* named_id) {
  MappedFile file = Library(AtName::kOther);
  file.was_deleted = true;
  file.mapped_build_id = mapped_id;
  file.named_build_id = named_id;
  return file;
}

MappedFile Removed(const char* path) {
  MappedFile file = Library(AtName::kNothing);
  file.path = file.mapped = path;
  file.was_deleted = true;
  return file;
}

TEST(JudgeTest, AnotherBuildIsStale) {
  EXPECT_EQ(Judge(Replaced("aa", "bb")).freshness, Freshness::kStale);
  EXPECT_EQ(Judge(Replaced("aa", "")).freshness, Freshness::kStale);
  EXPECT_EQ(Judge(Replaced("", "bb")).freshness, Freshness::kStale);
}

TEST(JudgeTest, TheSameBuildIsRefreshed) {
  EXPECT_EQ(Judge(Replaced("aa", "aa")).freshness, Freshness::kRefreshed);
}

TEST(JudgeTest, WithoutBuildIdsTheContentDecides) {
  MappedFile file = Replaced("", "");
  file.same_bytes = true;
  EXPECT_EQ(Judge(file).freshness, Freshness::kRefreshed);
  file.same_bytes = false;
  EXPECT_EQ(Judge(file).freshness, Freshness::kStale);
  file.same_bytes.reset();
  file.trouble = "comparing the contents needs root";
  EXPECT_EQ(Judge(file).freshness, Freshness::kUnknown);
  EXPECT_THAT(Judge(file).why, testing::HasSubstr("needs root"));
}

TEST(JudgeTest, WhatCannotBeReadIsNoOtherBuild) {
  MappedFile file = Replaced("aa", "");
  file.trouble = "the file that is there now cannot be read";
  EXPECT_EQ(Judge(file).freshness, Freshness::kUnknown);
}

TEST(JudgeTest, WhatWasRemovedIsStale) {
  EXPECT_EQ(Judge(Removed("/usr/lib/libfoo.so.1")).freshness, Freshness::kStale);
  // It was there before the process: installed, wherever that is.
  EXPECT_EQ(Judge(Removed("/tmp/app/libfoo.so")).freshness, Freshness::kStale);
}

TEST(JudgeTest, TemporaryFilesOfTheProcessAreNot) {
  MappedFile file = Removed("/tmp/jna123.tmp");
  file.born_ns = kStart + 1;
  EXPECT_EQ(Judge(file).freshness, Freshness::kTransient);
  file.path = file.mapped = "/home/u/.cache/JNA/temp/jna123.tmp";
  EXPECT_EQ(Judge(file).freshness, Freshness::kTransient);
  file.path = file.mapped = "/usr/lib/libfoo.so.1";
  EXPECT_EQ(Judge(file).freshness, Freshness::kStale);
  file = Removed("/tmp/jna123.tmp");
  file.born_ns = 0;
  EXPECT_EQ(Judge(file).freshness, Freshness::kUnknown);
}

TEST(JudgeTest, GeneratedCodeIsNot) {
  MappedFile file = Removed("/home/u/ffiAbCdEf");
  file.is_elf = false;
  EXPECT_EQ(Judge(file).freshness, Freshness::kTransient);
  EXPECT_EQ(Judge(Removed("/var/lib/x/#1234")).freshness, Freshness::kTransient);
}

TEST(JudgeTest, ARemovedProgramIsStaleWhereverItWas) {
  MappedFile file = Removed("/tmp/#12");
  file.kind = MappedKind::kExecutable;
  file.born_ns = kStart + 1;
  EXPECT_EQ(Judge(file).freshness, Freshness::kStale);
}

TEST(JudgeTest, DataAndMemoryNeverAre) {
  MappedFile file = Removed("/var/cache/db");
  file.kind = MappedKind::kData;
  EXPECT_EQ(Judge(file).freshness, Freshness::kTransient);
  file = Removed("/memfd:jit");
  file.never_named = true;
  EXPECT_EQ(Judge(file).freshness, Freshness::kTransient);
}

TEST(JudgeTest, InPlace) {
  MappedFile file = Library(AtName::kSame);
  file.overwritten = Overwritten::kYes;
  EXPECT_EQ(Judge(file).freshness, Freshness::kStale);
  file.overwritten = Overwritten::kPerhaps;
  EXPECT_EQ(Judge(file).freshness, Freshness::kUnknown);
}

TEST(JudgeTest, ASwitchedLinkIsSaid) {
  MappedFile file = Replaced("aa", "bb");
  file.was_deleted = false;
  file.mapped = "/usr/lib/libfoo.so.1.2";
  EXPECT_THAT(Judge(file).why, testing::HasSubstr("leads to another file"));
}

class CureTest : public testing::Test {
 protected:
  StaleApp Find(App app) {
    app.main = {7, 70};
    seen_.processes[app.main].executable = executable_;
    seen_.processes[app.main].name = name_;
    StaleApp stale;
    stale.app = std::move(app);
    FindCure(stale, seen_);
    return stale;
  }
  static App Service(std::optional<uid_t> user = {}) {
    App app;
    app.unit = UnitRef{user, "foo.service"};
    app.type = AppType::kService;
    app.come_back = ComeBack::kService;
    return app;
  }
  static App Critical(uint32_t reason) {
    App app;
    app.type = AppType::kCritical;
    app.reasons = reason;
    app.why_not_stoppable = "the machine cannot go on without it";
    return app;
  }
  std::string executable_ = "/usr/bin/foo";
  std::string name_ = "foo";
  Observation seen_;
};

TEST_F(CureTest, ServicesAreRestartedByTheirManager) {
  EXPECT_EQ(Find(Service()).cure, Cure::kRestart);
  EXPECT_EQ(Find(Service()).how, "systemctl restart foo.service");
  EXPECT_THAT(Find(Service(1000)).how, testing::HasSubstr("--user"));
}

TEST_F(CureTest, WhatARestartLeavesRunningIsNamed) {
  UnitFacts unit;
  unit.ref = *Service().unit;
  unit.main_pid = 7;
  unit.kill_mode = "process";
  seen_.units.push_back(unit);
  StaleApp stale;
  stale.app = Service();
  stale.app.main = {7, 70};
  stale.app.processes = {{7, 70}, {8, 80}, {9, 90}};
  for (const pid_t pid : {7, 8}) {
    MappedFile file = Library(AtName::kNothing);
    file.process = {pid, static_cast<uint64_t>(pid) * 10};
    stale.files.push_back(Judge(file));
  }
  FindCure(stale, seen_);
  EXPECT_THAT(stale.how, testing::HasSubstr("KillMode=process leaves pid 8 running"));
  seen_.units[0].kill_mode = "control-group";
  FindCure(stale, seen_);
  EXPECT_EQ(stale.how, "systemctl restart foo.service");
}

TEST_F(CureTest, ProgramsAreBroughtBackIfTheyCanBe) {
  App app;
  app.come_back = ComeBack::kRelaunched;
  EXPECT_EQ(Find(app).cure, Cure::kRelaunch);
  app.come_back = ComeBack::kNot;
  app.why_not_back = "it did not register";
  EXPECT_EQ(Find(app).cure, Cure::kByHand);
  app.login_session = 3;
  EXPECT_EQ(Find(app).cure, Cure::kLogin);
}

TEST_F(CureTest, SomeNeedMore) {
  EXPECT_EQ(Find(Critical(kReasonCriticalService)).cure, Cure::kReboot);
  EXPECT_EQ(Find(Critical(kReasonSessionMismatch)).cure, Cure::kContainer);
  EXPECT_EQ(Find(Critical(kReasonPermissionDenied)).cure, Cure::kNotAllowed);
  EXPECT_EQ(Find(Critical(kReasonDetectedSelf)).cure, Cure::kByHand);
  executable_ = "/usr/lib/systemd/systemd";
  EXPECT_EQ(Find(Critical(kReasonCriticalProcess)).cure, Cure::kReexecute);
}

// systemd forks it for the login, and it stays what it is when its manager is executed anew.
TEST_F(CureTest, WhatKeepsALoginOpenEndsWithIt) {
  executable_ = "/usr/lib/systemd/systemd";
  name_ = "(sd-pam)";
  EXPECT_EQ(Find(Critical(kReasonCriticalProcess)).cure, Cure::kLogin);
  EXPECT_EQ(Find(Critical(kReasonPermissionDenied)).cure, Cure::kNotAllowed);
}

}  // namespace
}  // namespace rm
