#include "store/directory.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/win32_codes.h"
#include "store/testing.h"

namespace rm {
namespace {

using ::testing::HasSubstr;

constexpr uid_t kNobody = 65534;

// Runs `body` as a user who is not root: in a child that has changed, or as we are.
int AsUser(const std::function<int()>& body) {
  return RunChild([&] {
    if (::geteuid() == 0 && ::setresuid(kNobody, kNobody, kNobody) != 0) return 97;
    return body();
  });
}

TEST(StoreDirectoryTest, TheVariableChoosesAndTheDirectoryIsMadePrivate) {
  const TestDirectory parent;
  const std::string path = parent.path() + "/sessions";
  EXPECT_EQ(RunChild([&] {
              ::setenv("RESTART_MANAGER_DIR", (path + "//").c_str(), 1);
              const auto chosen = StoreDirectory();
              EXPECT_TRUE(chosen) << MessageOf(chosen);
              EXPECT_EQ(chosen.value_or(""), path);
              const auto again = StoreDirectory();
              EXPECT_TRUE(again) << MessageOf(again);
              return 0;
            }),
            0);
  struct stat about {};
  ASSERT_EQ(::stat(path.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 07777, 0700u);
}

TEST(StoreDirectoryTest, AUserGetsOneBelowTheRuntimeDirectory) {
  const TestDirectory runtime;
  ASSERT_EQ(::chown(runtime.path().c_str(), ::geteuid() == 0 ? kNobody : ::geteuid(), -1), 0);
  EXPECT_EQ(AsUser([&] {
              ::unsetenv("RESTART_MANAGER_DIR");
              ::setenv("XDG_RUNTIME_DIR", runtime.path().c_str(), 1);
              const auto chosen = StoreDirectory();
              EXPECT_TRUE(chosen) << MessageOf(chosen);
              EXPECT_EQ(chosen.value_or(""), runtime.path() + "/restart-manager");
              return 0;
            }),
            0);
}

// As under sudo -u and cron.
TEST(StoreDirectoryTest, AUserWhoseVariableIsNotSetGetsTheUsualOne) {
  if (::geteuid() != 0) GTEST_SKIP() << "lacks root, to mount a /run";
  const int status = RunChild([] {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount("", "/", "", MS_REC | MS_PRIVATE, "") != 0 ||
        ::mount("none", "/run", "tmpfs", 0, "mode=755") != 0)
      return 77;
    const std::string usual = fmt::format("/run/user/{}", kNobody);
    ::mkdir("/run/user", 0755);
    ::mkdir(usual.c_str(), 0700);
    if (::chown(usual.c_str(), kNobody, kNobody) != 0) return 1;
    ::setresuid(kNobody, kNobody, kNobody);
    ::unsetenv("RESTART_MANAGER_DIR");
    ::unsetenv("XDG_RUNTIME_DIR");
    const auto chosen = StoreDirectory();
    EXPECT_TRUE(chosen) << MessageOf(chosen);
    EXPECT_EQ(chosen.value_or(""), usual + "/restart-manager");
    return 0;
  });
  if (status == 77) GTEST_SKIP() << "lacks the right to mount";
  EXPECT_EQ(status, 0);
}

TEST(StoreDirectoryTest, AUserWithoutARuntimeDirectoryIsToldWhatIsMissing) {
  const bool has_one = ::access(fmt::format("/run/user/{}", ::geteuid()).c_str(), W_OK) == 0;
  for (const char* runtime : {static_cast<const char*>(nullptr), "", "relative"})
    EXPECT_EQ(AsUser([&] {
                if (has_one && ::geteuid() != kNobody && (!runtime || !*runtime)) return 0;
                ::unsetenv("RESTART_MANAGER_DIR");
                if (runtime)
                  ::setenv("XDG_RUNTIME_DIR", runtime, 1);
                else
                  ::unsetenv("XDG_RUNTIME_DIR");
                const auto chosen = StoreDirectory();
                EXPECT_EQ(CodeOf(chosen), kWriteFault);
                EXPECT_THAT(MessageOf(chosen), HasSubstr("XDG_RUNTIME_DIR"));
                return 0;
              }),
              0);
}

TEST(StoreDirectoryTest, ARelativePathIsRefused) {
  EXPECT_EQ(RunChild([] {
              ::setenv("RESTART_MANAGER_DIR", "sessions", 1);
              const auto chosen = StoreDirectory();
              EXPECT_EQ(CodeOf(chosen), kWriteFault);
              EXPECT_THAT(MessageOf(chosen), HasSubstr("not an absolute path"));
              return 0;
            }),
            0);
}

TEST(StoreDirectoryTest, WhereNothingCanBeMadeTheCauseIsSaid) {
  const TestDirectory parent;
  EXPECT_EQ(RunChild([&] {
              ::setenv("RESTART_MANAGER_DIR", (parent.path() + "/no/such").c_str(), 1);
              const auto chosen = StoreDirectory();
              EXPECT_EQ(CodeOf(chosen), kWriteFault);
              EXPECT_THAT(MessageOf(chosen), HasSubstr("No such file or directory"));
              return 0;
            }),
            0);
}

TEST(PrivateDirectoryTest, OneThatIsOpenToTheGroupOrToOthersIsRefused) {
  const TestDirectory directory;
  for (mode_t mode : {0770, 0750, 0701, 0704}) {
    ASSERT_EQ(::chmod(directory.path().c_str(), mode), 0);
    const auto opened = OpenPrivateDirectory(directory.path());
    EXPECT_EQ(CodeOf(opened), kWriteFault);
    EXPECT_THAT(MessageOf(opened), HasSubstr(directory.path()));
    EXPECT_THAT(MessageOf(opened), HasSubstr(fmt::format("mode {:04o}", mode)));
    EXPECT_THAT(MessageOf(opened), HasSubstr("chmod 0700"));
  }
}

TEST(PrivateDirectoryTest, OneOfAnotherUserIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to give a directory away";
  const TestDirectory directory;
  ASSERT_EQ(::chown(directory.path().c_str(), kNobody, -1), 0);
  const auto opened = OpenPrivateDirectory(directory.path());
  EXPECT_EQ(CodeOf(opened), kWriteFault);
  EXPECT_THAT(MessageOf(opened), HasSubstr("belongs to user 65534"));
  EXPECT_THAT(MessageOf(opened), HasSubstr(directory.path()));
}

TEST(PrivateDirectoryTest, ASymbolicLinkIsRefused) {
  const TestDirectory directory;
  const std::string real = directory.path() + "/real", link = directory.path() + "/link";
  ASSERT_EQ(::mkdir(real.c_str(), 0700), 0);
  ASSERT_EQ(::symlink("real", link.c_str()), 0);
  EXPECT_TRUE(OpenPrivateDirectory(real));
  const auto opened = OpenPrivateDirectory(link);
  EXPECT_EQ(CodeOf(opened), kWriteFault);
  EXPECT_THAT(MessageOf(opened), HasSubstr("symbolic link"));
}

TEST(PrivateDirectoryTest, AFileIsRefused) {
  const TestDirectory directory;
  const std::string file = directory.path() + "/file";
  ASSERT_EQ(::mknod(file.c_str(), S_IFREG | 0600, 0), 0);
  EXPECT_THAT(MessageOf(OpenPrivateDirectory(file)), HasSubstr("not a directory"));
}

TEST(PrivateDirectoryTest, OneThatOthersCouldReplaceIsRefused) {
  const TestDirectory directory;
  const std::string parent = directory.path() + "/parent", child = parent + "/child";
  ASSERT_EQ(::mkdir(parent.c_str(), 0700), 0);
  ASSERT_EQ(::mkdir(child.c_str(), 0700), 0);
  ASSERT_EQ(::chmod(parent.c_str(), 0777), 0);
  const auto opened = OpenPrivateDirectory(child);
  EXPECT_EQ(CodeOf(opened), kWriteFault);
  EXPECT_THAT(MessageOf(opened), HasSubstr(parent + " above it"));
  ASSERT_EQ(::chmod(parent.c_str(), 01777), 0);
  EXPECT_TRUE(OpenPrivateDirectory(child)) << "the sticky bit keeps others from replacing it";
}

TEST(PrivateDirectoryTest, OneBelowAForeignDirectoryIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to give a directory away";
  const TestDirectory directory;
  const std::string parent = directory.path() + "/parent", child = parent + "/child";
  ASSERT_EQ(::mkdir(parent.c_str(), 0755), 0);
  ASSERT_EQ(::mkdir(child.c_str(), 0700), 0);
  ASSERT_EQ(::chown(parent.c_str(), kNobody, -1), 0);
  EXPECT_THAT(MessageOf(OpenPrivateDirectory(child)), HasSubstr("owner 65534"));
}

class PrivateFileTest : public ::testing::Test {
 protected:
  Result<void> Ensure() {
    return EnsurePrivateFile(opened_->get(), "file", directory_.path() + "/file");
  }
  std::string path() const { return directory_.path() + "/file"; }

  TestDirectory directory_;
  Result<UniqueFd> opened_ = OpenPrivateDirectory(directory_.path());
};

TEST_F(PrivateFileTest, IsMadeOnceAndKept) {
  ASSERT_TRUE(Ensure());
  struct stat about {};
  ASSERT_EQ(::stat(path().c_str(), &about), 0);
  EXPECT_EQ(about.st_mode, S_IFREG | 0600u);
  EXPECT_TRUE(Ensure());
}

TEST_F(PrivateFileTest, AnOpenOrLinkedOrStrangeFileIsRefused) {
  ASSERT_TRUE(Ensure());
  ASSERT_EQ(::chmod(path().c_str(), 0640), 0);
  EXPECT_THAT(MessageOf(Ensure()), HasSubstr("mode 100640"));
  ASSERT_EQ(::chmod(path().c_str(), 0600), 0);
  ASSERT_EQ(::link(path().c_str(), (directory_.path() + "/other").c_str()), 0);
  EXPECT_THAT(MessageOf(Ensure()), HasSubstr("2 links"));
  ASSERT_EQ(::unlink(path().c_str()), 0);
  ASSERT_EQ(::symlink("other", path().c_str()), 0);
  EXPECT_EQ(CodeOf(Ensure()), kWriteFault);
  ASSERT_EQ(::unlink(path().c_str()), 0);
  ASSERT_EQ(::mkfifo(path().c_str(), 0600), 0);
  EXPECT_EQ(CodeOf(Ensure()), kWriteFault);
}

}  // namespace
}  // namespace rm
