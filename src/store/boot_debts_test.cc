#include "store/boot_debts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/win32_codes.h"
#include "store/samples.h"
#include "store/testing.h"

namespace rm {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr char kBoot[] = "5e7f3c1a-0000-4000-8000-000000000001";

BootDebts Sample() {
  BootDebts debts;
  debts.boot_id = kBoot;
  debts.started_us = 1'763'000'000'000'000;
  debts.units = {{{}, "nginx.service"}, {1000, "app@a\\x2db.service"}};
  debts.programs = {{1000, kOddName, "/opt/a b\\c"}, {0, "", ""}};
  return debts;
}

Debt UnitDebt(const std::string& name, DebtState state) {
  Debt debt;
  debt.unit = UnitRef{{}, name};
  debt.state = state;
  return debt;
}

TEST(BootDebtsTest, WhatIsWrittenIsReadBack) {
  const auto read = ParseBootDebts(Serialize(Sample()));
  ASSERT_TRUE(read) << MessageOf(read);
  EXPECT_EQ(*read, Sample());
}

TEST(BootDebtsTest, APersonCanReadIt) {
  BootDebts debts = Sample();
  debts.programs = {{1000, "an editor", "/usr/bin/ed"}};
  EXPECT_THAT(Serialize(debts), StartsWith("restart-manager owed 2\n"
                                           "boot 5e7f3c1a-0000-4000-8000-000000000001\n"
                                           "started 1763000000000000\n"
                                           "unit nginx.service\n"
                                           "unit user:1000/app@a\\x2db.service\n"
                                           "program 1000 an\\040editor /usr/bin/ed\n"
                                           "end "));
}

TEST(BootDebtsTest, ItIsReadWholeOrNotAtAll) {
  const std::string text = Serialize(Sample());
  for (size_t size = 0; size < text.size(); ++size)
    EXPECT_EQ(CodeOf(ParseBootDebts(text.substr(0, size))), kWriteFault) << size;
  EXPECT_EQ(CodeOf(ParseBootDebts(text + text)), kWriteFault);
  EXPECT_EQ(CodeOf(ParseBootDebts(text + "unit a.service\n")), kWriteFault);
}

TEST(BootDebtsTest, DamageIsRefusedWithItsLine) {
  const std::string begin = "restart-manager owed 2\nboot b\n";
  for (const char* line :
       {"unit", "unit nginx", "unit ../x.service", "unit user:x/a.service", "unit a.service b",
        "program", "program x n e", "program 1 \\9 e", "program 1 \\777 e", "program 1 n \\04",
        "program 1 \\141 e", "program 1 n \x7f", "started x", "start a.service", "", "end", "boot",
        "boot a\tb"}) {
    const auto read = ParseBootDebts(begin + line + "\nend\n");
    EXPECT_EQ(CodeOf(read), kWriteFault) << line;
    EXPECT_THAT(MessageOf(read), HasSubstr("line 3")) << line;
  }
  EXPECT_EQ(CodeOf(ParseBootDebts("restart-manager owed 3\nboot b\nend\n")), kWriteFault);
  EXPECT_EQ(CodeOf(ParseBootDebts("restart-manager owed 2\nend\n")), kWriteFault);
}

// The number of another user, the name of another unit, and so on.
TEST(BootDebtsTest, EachBitThatChangesIsNoticed) {
  const std::string text = Serialize(Sample());
  for (size_t at = 0; at < text.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = text;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
      EXPECT_EQ(CodeOf(ParseBootDebts(damaged)), kWriteFault) << at << ' ' << bit;
    }
}

TEST(BootDebtsTest, MoreThanTheLimitIsNotEvenLookedAt) {
  std::string text = "restart-manager owed 2\nboot b\n";
  while (text.size() <= kMaxBootDebts) text += "unit nginx.service\n";
  EXPECT_THAT(MessageOf(ParseBootDebts(text + "end\n")), HasSubstr("too large"));
}

// A program is only told of: it gives way to the units.
TEST(BootDebtsTest, ProgramsThatDoNotFitAreLeftOut) {
  BootDebts debts = Sample();
  debts.programs.assign(2000, {1000, "program", std::string(4000, 'x')});
  const auto read = ParseBootDebts(Serialize(debts));
  ASSERT_TRUE(read) << MessageOf(read);
  EXPECT_EQ(read->units, debts.units);
  EXPECT_GT(read->programs.size(), 1000u);
  EXPECT_LT(read->programs.size(), 2000u);
}

TEST(BootDebtsTest, OwedIsWhatWasAskedToStopAndDoesNotRunAgain) {
  const BootDebts owed = OwedToTheNextBoot(
      {UnitDebt("planned.service", DebtState::kPlanned), UnitDebt("owed.service", DebtState::kOwed),
       UnitDebt("paid.service", DebtState::kPaid), UnitDebt("down.service", DebtState::kCancelled),
       UnitDebt("failed.service", DebtState::kFailed)});
  EXPECT_THAT(owed.units, ElementsAre(UnitRef{{}, "owed.service"}, UnitRef{{}, "failed.service"}));
  EXPECT_THAT(owed.programs, IsEmpty());
}

// Arguments and environment may hold secrets, and nobody is going to use them.
TEST(BootDebtsTest, OfAProgramOnlyItsNamesAreKept) {
  Debt debt;
  debt.process.emplace();
  debt.process->executable = "/usr/bin/ed";
  debt.process->uids = {1000, 1001, 1002};
  debt.process->arguments = {"ed", "--password=secret"};
  debt.process->environment = {"TOKEN=secret"};
  debt.app_name = "editor";
  const BootDebts owed = OwedToTheNextBoot({debt});
  EXPECT_THAT(owed.programs, ElementsAre(BootProgram{1000, "editor", "/usr/bin/ed"}));
  EXPECT_EQ(Serialize(owed).find("secret"), std::string::npos);
}

TEST(BootDebtsTest, TheNextBootHasThemAsDebts) {
  const std::vector<Debt> debts = DebtsOf(Sample());
  ASSERT_EQ(debts.size(), 4u);
  EXPECT_EQ(OwedToTheNextBoot(debts).units, Sample().units);
  EXPECT_EQ(OwedToTheNextBoot(debts).programs, Sample().programs);
}

}  // namespace
}  // namespace rm
