#include "store/boot_debt_files.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "base/win32_codes.h"
#include "store/testing.h"

namespace rm {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kSession[] = "00000000000000ab";
constexpr char kOther[] = "00000000000000cd";

BootDebts Owes(const std::string& unit, const std::string& boot = "this-boot") {
  BootDebts debts;
  debts.boot_id = boot;
  debts.units = {{{}, unit}};
  return debts;
}

class BootDebtFilesTest : public ::testing::Test {
 protected:
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(path_))
      names.push_back(entry.path().filename());
    std::ranges::sort(names);
    return names;
  }
  static std::vector<std::string> Units(const BootDebtFiles::Found& found) {
    std::vector<std::string> units;
    for (const auto& session : found.sessions)
      for (const UnitRef& unit : session.debts.units)
        units.push_back(session.session + " " + unit.name);
    return units;
  }
  std::string OwedPath(const std::string& session = kSession) const {
    return path_ + "/owed-" + session;
  }
  void Damage() const { std::ofstream(OwedPath(), std::ios::app) << "unit x.service\n"; }
  mode_t ModeOf(const std::string& path) const {
    struct stat about {};
    EXPECT_EQ(::lstat(path.c_str(), &about), 0) << path;
    return about.st_mode;
  }

  const TestDirectory parent_;
  const std::string path_ = parent_.path() + "/restart-manager";
  const BootDebtFiles now_{path_, "this-boot"};
  const BootDebtFiles later_{path_, "next-boot"};
};

TEST_F(BootDebtFilesTest, NothingIsMadeForThoseWhoOweNothing) {
  EXPECT_TRUE(now_.Keep(kSession, {}));
  EXPECT_FALSE(now_.HasEarlier());
  EXPECT_FALSE(now_.TakeStock().trouble);
  EXPECT_FALSE(std::filesystem::exists(path_));
}

// The next boot would start once more what is paid.
TEST_F(BootDebtFilesTest, WhatIsPaidAndCannotBeRemovedIsSaid) {
  ASSERT_TRUE(now_.Keep(kSession, Owes("nginx.service")));
  std::filesystem::remove(OwedPath());
  std::filesystem::create_directory(OwedPath());
  const auto kept = now_.Keep(kSession, {});
  EXPECT_EQ(CodeOf(kept), kWriteFault);
  EXPECT_THAT(MessageOf(kept), AllOf(HasSubstr(OwedPath()), HasSubstr("is paid")));
}

TEST_F(BootDebtFilesTest, OnlyTheNextBootSeesIt) {
  ASSERT_TRUE(now_.Keep(kSession, Owes("nginx.service")));
  EXPECT_FALSE(now_.HasEarlier());
  EXPECT_THAT(Units(now_.TakeStock()), IsEmpty());
  EXPECT_TRUE(later_.HasEarlier());
  EXPECT_THAT(Units(later_.TakeStock()), ElementsAre("00000000000000ab nginx.service"));
}

TEST_F(BootDebtFilesTest, TheNewestCountsAndNothingElseIsLeft) {
  ASSERT_TRUE(now_.Keep(kSession, Owes("nginx.service")));
  ASSERT_TRUE(now_.Keep(kOther, Owes("db.service")));
  ASSERT_TRUE(now_.Keep(kSession, Owes("cache.service")));
  EXPECT_THAT(Units(later_.TakeStock()),
              ElementsAre("00000000000000ab cache.service", "00000000000000cd db.service"));
  ASSERT_TRUE(now_.Keep(kSession, {}));
  EXPECT_THAT(Names(), ElementsAre("owed-00000000000000cd"));
}

TEST_F(BootDebtFilesTest, DirectoryAndFileAreOursAlone) {
  const mode_t before = ::umask(0);
  ASSERT_TRUE(now_.Keep(kSession, Owes("nginx.service")));
  ::umask(before);
  EXPECT_EQ(ModeOf(path_) & 07777, 0700u);
  EXPECT_EQ(ModeOf(OwedPath()) & 07777, 0600u);
}

TEST_F(BootDebtFilesTest, WhatAKilledWriterLeftIsNoObstacle) {
  ASSERT_TRUE(now_.Keep(kSession, Owes("nginx.service")));
  std::ofstream(OwedPath() + ".new") << "half";
  EXPECT_THAT(Units(later_.TakeStock()), ElementsAre("00000000000000ab nginx.service"));
  ASSERT_TRUE(now_.Keep(kSession, Owes("db.service")));
  EXPECT_THAT(Names(), ElementsAre("owed-00000000000000ab"));
}

TEST_F(BootDebtFilesTest, DamageIsToldOnceSetAsideAndHidesNothingElse) {
  ASSERT_TRUE(now_.Keep(kSession, Owes("nginx.service")));
  ASSERT_TRUE(now_.Keep(kOther, Owes("db.service")));
  Damage();
  EXPECT_TRUE(later_.HasEarlier());
  const auto found = later_.TakeStock();
  EXPECT_THAT(Units(found), ElementsAre("00000000000000cd db.service"));
  ASSERT_TRUE(found.trouble);
  EXPECT_EQ(found.trouble->code, kWriteFault);
  EXPECT_THAT(
      found.trouble->message,
      AllOf(HasSubstr(OwedPath()), HasSubstr("damaged-00000000000000ab"), HasSubstr("remove it")));
  EXPECT_THAT(Names(), ElementsAre("damaged-00000000000000ab", "owed-00000000000000cd"));
  EXPECT_FALSE(later_.TakeStock().trouble);
}

// Whatever stands at its name: it is not followed, not waited for, and not believed.
TEST_F(BootDebtFilesTest, WhatIsNoFileOfOursIsNotRead) {
  ASSERT_TRUE(now_.Keep(kSession, Owes("nginx.service")));
  const std::string real = parent_.path() + "/real";
  const std::function<void()> traps[] = {
      [&] { ASSERT_EQ(::symlink(real.c_str(), OwedPath().c_str()), 0); },
      [&] { ASSERT_EQ(::mkfifo(OwedPath().c_str(), 0600), 0); },
      [&] { ASSERT_EQ(::mkdir(OwedPath().c_str(), 0700), 0); },
      [&] { ASSERT_EQ(::link(real.c_str(), OwedPath().c_str()), 0); },
      [&] {
        std::filesystem::copy_file(real, OwedPath());
        ASSERT_EQ(::chmod(OwedPath().c_str(), 0644), 0);
      },
      [&] {
        if (::geteuid() != 0) return;  // then it is a name where nothing is
        std::filesystem::copy_file(real, OwedPath());
        ASSERT_EQ(::chmod(OwedPath().c_str(), 0600), 0);
        ASSERT_EQ(::chown(OwedPath().c_str(), 65534, 65534), 0);
      }};
  std::filesystem::rename(OwedPath(), real);
  for (size_t i = 0; i < std::size(traps); ++i) {
    traps[i]();
    const bool anything = std::filesystem::exists(std::filesystem::symlink_status(OwedPath()));
    const auto found = later_.TakeStock();
    EXPECT_THAT(Units(found), IsEmpty()) << i;
    EXPECT_EQ(found.trouble.has_value(), anything) << i;
    std::filesystem::remove_all(path_ + "/damaged-00000000000000ab");
    std::filesystem::remove_all(OwedPath());
  }
}

TEST_F(BootDebtFilesTest, ADirectoryThatIsOpenToOthersIsNotUsed) {
  ASSERT_TRUE(now_.Keep(kSession, Owes("nginx.service")));
  ASSERT_EQ(::chmod(path_.c_str(), 0755), 0);
  const auto kept = now_.Keep(kSession, Owes("db.service"));
  EXPECT_EQ(CodeOf(kept), kWriteFault);
  EXPECT_THAT(MessageOf(kept), HasSubstr("chmod 0700"));
  EXPECT_TRUE(later_.TakeStock().trouble);
  EXPECT_FALSE(later_.HasEarlier());
}

TEST_F(BootDebtFilesTest, ALinkInPlaceOfTheDirectoryIsNotFollowed) {
  const std::string target = parent_.path() + "/target";
  ASSERT_EQ(::mkdir(target.c_str(), 0700), 0);
  ASSERT_EQ(::symlink(target.c_str(), path_.c_str()), 0);
  EXPECT_EQ(CodeOf(now_.Keep(kSession, Owes("nginx.service"))), kWriteFault);
  EXPECT_TRUE(std::filesystem::is_empty(target));
}

TEST_F(BootDebtFilesTest, AFullDiskChangesNothing) {
  ASSERT_TRUE(now_.Keep(kSession, Owes("nginx.service")));
  EXPECT_EQ(RunChild([&] {
              const rlimit none{0, 0};
              ::setrlimit(RLIMIT_FSIZE, &none);
              ::signal(SIGXFSZ, SIG_IGN);
              const auto kept = now_.Keep(kSession, Owes("db.service"));
              EXPECT_EQ(CodeOf(kept), kWriteFault);
              EXPECT_THAT(MessageOf(kept), HasSubstr(OwedPath()));
              return 0;
            }),
            0);
  EXPECT_THAT(Units(later_.TakeStock()), ElementsAre("00000000000000ab nginx.service"));
  EXPECT_THAT(Names(), ElementsAre("owed-00000000000000ab"));
}

}  // namespace
}  // namespace rm
