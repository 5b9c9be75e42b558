// What does the store say when the disk, the file or the limits are against it? 29 with the cause.
#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <fstream>

#include "base/win32_codes.h"
#include "store/samples.h"
#include "store/schema.h"
#include "store/testing.h"

namespace rm {
namespace {

using ::testing::HasSubstr;

void Overwrite(const std::string& path, size_t at, const std::string& bytes) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(at));
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

TEST(StoreTroubleTest, AFileThatIsNoDatabaseIsNamed) {
  const TestDirectory directory;
  std::ofstream(directory.database()) << std::string(10'000, 'x');
  ASSERT_EQ(::chmod(directory.database().c_str(), 0600), 0);
  const auto opened = TryOpen(directory.path());
  EXPECT_EQ(CodeOf(opened), kWriteFault);
  EXPECT_THAT(MessageOf(opened), HasSubstr(directory.database()));
  EXPECT_THAT(MessageOf(opened), HasSubstr("delete it"));
}

// Who had been stopped was not known any more, and nothing was said.
TEST(StoreTroubleTest, ARowThatHasLostItsSessionIsNoticed) {
  for (const char* table : {"registration", "filter", "seen", "debt"}) {
    const TestDirectory directory;
    {
      const auto store = Open(directory.path());
      const SessionId session = store->Start(kOwner)->record.id;
      std::vector<Debt> debts = SampleDebts();
      ASSERT_TRUE(store->Register(session, NumberedBatch(1, 5)));
      ASSERT_TRUE(store->AddFilter(session, SampleFilters()[0]));
      ASSERT_TRUE(store->SaveSeen(session, SampleApps()));
      ASSERT_TRUE(store->AddDebts(session, debts));
    }
    SQLite::Database(directory.database(), SQLite::OPEN_READWRITE)
        .exec(std::string("UPDATE ") + table + " SET session = session - 1");
    const auto opened = TryOpen(directory.path());
    EXPECT_EQ(CodeOf(opened), kWriteFault) << table;
    EXPECT_THAT(MessageOf(opened), HasSubstr("no session")) << table;
  }
}

TEST(StoreTroubleTest, ADamagedDatabaseNeverHarms) {
  const TestDirectory directory;
  NewSession session;
  {
    const auto store = Open(directory.path());
    session = *store->Start(kOwner);
    std::vector<Debt> debts = SampleDebts();
    ASSERT_TRUE(store->Register(session.record.id, NumberedBatch(1, 500)));
    ASSERT_TRUE(store->AddFilter(session.record.id, SampleFilters()[0]));
    ASSERT_TRUE(store->SaveSeen(session.record.id, SampleApps()));
    ASSERT_TRUE(store->AddDebts(session.record.id, debts));
  }
  const std::string good = directory.database() + ".good";
  std::filesystem::copy_file(directory.database(), good);
  int refused = 0;
  for (size_t at = 0; at + 64 < std::filesystem::file_size(good); at += 509) {
    std::filesystem::copy_file(good, directory.database(),
                               std::filesystem::copy_options::overwrite_existing);
    Overwrite(directory.database(), at, std::string(64, '\xa5'));
    const auto store = TryOpen(directory.path());
    if (!store) {
      EXPECT_EQ(CodeOf(store), kWriteFault);
      ++refused;
      continue;
    }
    (void)(*store)->All();
    (void)(*store)->Find(session.key);
    (void)(*store)->Register(session.record.id, SampleBatch());
    (void)(*store)->End(session.record.id);
    (void)(*store)->Start(kOwner);
  }
  EXPECT_GT(refused, 0);
}

TEST(StoreTroubleTest, BytesInARowThatNobodyWroteAre29) {
  const TestDirectory directory;
  const auto store = Open(directory.path());
  const SessionId session = store->Start(kOwner)->record.id;
  ASSERT_TRUE(store->Register(session, SampleBatch()));
  SQLite::Database(directory.database(), SQLite::OPEN_READWRITE)
      .exec("UPDATE registration SET batch = x'ffff'");
  const auto state = store->Load(session);
  EXPECT_EQ(CodeOf(state), kWriteFault);
  EXPECT_THAT(MessageOf(state), HasSubstr("damaged"));
  EXPECT_TRUE(store->End(session));
}

void PretendFormat(const TestDirectory& directory, int format) {
  SQLite::Database(directory.database(), SQLite::OPEN_READWRITE)
      .exec(fmt::format("PRAGMA user_version = {}", format));
}

TEST(StoreTroubleTest, SessionsOfAnotherFormatAreLeftAlone) {
  for (const int format : {kSchemaVersion - 1, kSchemaVersion + 1}) {
    const TestDirectory directory;
    ASSERT_TRUE(Open(directory.path())->Start(kOwner));
    PretendFormat(directory, format);
    const auto opened = TryOpen(directory.path());
    EXPECT_EQ(CodeOf(opened), kWriteFault);
    EXPECT_THAT(MessageOf(opened),
                HasSubstr(format < kSchemaVersion ? "an older version of Restart"
                                                  : "a later version of Restart"));
    EXPECT_THAT(MessageOf(opened), HasSubstr(directory.database()));
    SQLite::Database after(directory.database(), SQLite::OPEN_READONLY);
    EXPECT_EQ(after.execAndGet("SELECT count(*) FROM session").getInt(), 1);
  }
}

// An update of Restart Manager itself, which nobody is to mend by hand.
TEST(StoreTroubleTest, AnotherFormatWithoutSessionsIsMadeAnew) {
  for (const int format : {kSchemaVersion - 1, kSchemaVersion + 1}) {
    const TestDirectory directory;
    {
      const auto store = Open(directory.path());
      ASSERT_TRUE(store->End(store->Start(kOwner)->record.id));
    }
    PretendFormat(directory, format);
    SQLite::Database(directory.database(), SQLite::OPEN_READWRITE)
        .exec("ALTER TABLE debt DROP COLUMN spec_file; ALTER TABLE seen ADD COLUMN more");
    const auto store = Open(directory.path());
    const SessionId session = store->Start(kOwner)->record.id;
    EXPECT_TRUE(store->Register(session, SampleBatch()));
    EXPECT_TRUE(store->Load(session));
  }
}

TEST(StoreTroubleTest, AnotherFormatWithUnknownTablesIsLeftAlone) {
  const TestDirectory directory;
  Open(directory.path());
  PretendFormat(directory, kSchemaVersion + 1);
  SQLite::Database(directory.database(), SQLite::OPEN_READWRITE).exec("CREATE TABLE later(name)");
  EXPECT_THAT(MessageOf(TryOpen(directory.path())), HasSubstr("Update this program"));
  SQLite::Database after(directory.database(), SQLite::OPEN_READONLY);
  EXPECT_EQ(after.execAndGet("SELECT count(*) FROM sqlite_schema WHERE name = 'boot'").getInt(), 1);
}

TEST(StoreTroubleTest, ADatabaseOfAnotherProgramIsLeftAlone) {
  const TestDirectory directory;
  SQLite::Database(directory.database(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE)
      .exec("CREATE TABLE recipes(name)");
  ASSERT_EQ(::chmod(directory.database().c_str(), 0600), 0);
  EXPECT_THAT(MessageOf(TryOpen(directory.path())), HasSubstr("not one of sessions"));
}

TEST(StoreTroubleTest, AReadOnlyDirectoryIs29) {
  EXPECT_EQ(RunChild([] {
              // Root writes everywhere.
              if (::geteuid() == 0 && ::setresuid(65534, 65534, 65534) != 0) return 97;
              const TestDirectory directory;
              EXPECT_EQ(::chmod(directory.path().c_str(), 0500), 0);
              const auto opened = TryOpen(directory.path());
              EXPECT_EQ(CodeOf(opened), kWriteFault);
              EXPECT_THAT(MessageOf(opened), HasSubstr("Permission denied"));
              EXPECT_EQ(::chmod(directory.path().c_str(), 0700), 0);
              return 0;
            }),
            0);
}

TEST(StoreTroubleTest, ADirectoryThatBecameReadOnlyIs29) {
  EXPECT_EQ(RunChild([] {
              if (::geteuid() == 0 && ::setresuid(65534, 65534, 65534) != 0) return 97;
              const TestDirectory directory;
              EXPECT_TRUE(Open(directory.path())->Start(kOwner));
              EXPECT_EQ(::chmod(directory.path().c_str(), 0500), 0);
              const auto opened = TryOpen(directory.path());
              EXPECT_EQ(CodeOf(opened), kWriteFault);
              EXPECT_THAT(MessageOf(opened), HasSubstr(directory.database()));
              EXPECT_EQ(::chmod(directory.path().c_str(), 0700), 0);
              EXPECT_TRUE(TryOpen(directory.path()));
              return 0;
            }),
            0);
}

TEST(StoreTroubleTest, NoDescriptorLeftIs29) {
  const TestDirectory directory;
  EXPECT_EQ(RunChild([&] {
              const rlimit none{3, 3};
              ::setrlimit(RLIMIT_NOFILE, &none);
              const auto opened = TryOpen(directory.path());
              EXPECT_EQ(CodeOf(opened), kWriteFault);
              EXPECT_THAT(MessageOf(opened), HasSubstr("Too many open files"));
              return 0;
            }),
            0);
}

TEST(StoreTroubleTest, AFileSizeLimitIs29AndNotTheEndOfTheProcess) {
  const TestDirectory directory;
  EXPECT_EQ(RunChild([&] {
              const auto store = Open(directory.path());
              const SessionId session = store->Start(kOwner)->record.id;
              const rlimit limit{300'000, RLIM_INFINITY};
              ::setrlimit(RLIMIT_FSIZE, &limit);
              const auto refused = store->Register(session, NumberedBatch(1, 100'000));
              EXPECT_EQ(CodeOf(refused), kWriteFault);
              EXPECT_THAT(MessageOf(refused), HasSubstr("ulimit -f"));
              EXPECT_TRUE(store->Load(session));
              const rlimit lifted{RLIM_INFINITY, RLIM_INFINITY};
              ::setrlimit(RLIMIT_FSIZE, &lifted);
              EXPECT_TRUE(store->Register(session, NumberedBatch(1, 100'000)));
              EXPECT_EQ(store->Load(session)->registered.files.size(), 100'000u);
              return 0;
            }),
            0);
}

constexpr int kNoNamespace = 42;

// Runs `body` with a file system of its own of this many bytes.
int WithSmallDisk(const char* options, const std::function<void(const std::string&)>& body) {
  const TestDirectory directory;
  return RunChild([&] {
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) ||
        ::mount("small", directory.path().c_str(), "tmpfs", 0, options) != 0)
      return kNoNamespace;
    body(directory.path());
    return 0;
  });
}

TEST(StoreTroubleTest, AFullDiskIs29AndLaterItWorksAgain) {
  const int status = WithSmallDisk("size=3m,mode=0700", [](const std::string& directory) {
    const auto store = Open(directory);
    const SessionId session = store->Start(kOwner)->record.id;
    EXPECT_TRUE(store->Register(session, SampleBatch()));
    const std::string ballast = directory + "/ballast";
    {
      std::ofstream fill(ballast, std::ios::binary);
      while (fill.write(std::string(4096, 'x').data(), 4096).flush()) continue;
    }
    const auto refused = store->Register(session, NumberedBatch(1, 100'000));
    EXPECT_EQ(CodeOf(refused), kWriteFault);
    EXPECT_THAT(MessageOf(refused), HasSubstr("full"));
    EXPECT_EQ(store->Load(session)->registered.files.size(), SampleBatch().files.size());
    std::filesystem::remove(ballast);
    EXPECT_TRUE(store->Register(session, NumberedBatch(1, 1000)));
    EXPECT_EQ(store->Load(session)->registered.files.size(), SampleBatch().files.size() + 1000);
    EXPECT_EQ(SQLite::Database(directory + "/sessions.db")
                  .execAndGet("PRAGMA integrity_check")
                  .getString(),
              "ok");
  });
  if (status == kNoNamespace) GTEST_SKIP() << "needs CAP_SYS_ADMIN, for a mount of its own";
  EXPECT_EQ(status, 0);
}

TEST(StoreTroubleTest, OnAFullDiskOpeningIs29) {
  const int status = WithSmallDisk("size=16k,mode=0700", [](const std::string& directory) {
    const auto opened = TryOpen(directory);
    EXPECT_EQ(CodeOf(opened), kWriteFault);
    EXPECT_THAT(MessageOf(opened), HasSubstr(directory));
  });
  if (status == kNoNamespace) GTEST_SKIP() << "needs CAP_SYS_ADMIN, for a mount of its own";
  EXPECT_EQ(status, 0);
}

TEST(StoreTroubleTest, AReadOnlyFileSystemIs29) {
  const int status = WithSmallDisk("size=3m,mode=0700", [](const std::string& directory) {
    EXPECT_TRUE(Open(directory)->Start(kOwner));
    ASSERT_EQ(::mount("small", directory.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr), 0);
    const auto opened = TryOpen(directory);
    EXPECT_EQ(CodeOf(opened), kWriteFault);
    EXPECT_THAT(MessageOf(opened), HasSubstr("read-only"));
  });
  if (status == kNoNamespace) GTEST_SKIP() << "needs CAP_SYS_ADMIN, for a mount of its own";
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace rm
