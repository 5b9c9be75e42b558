#include "procfs/tree.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "base/win32_codes.h"
#include "holder/dead_mount.h"
#include "holder/holder.h"
#include "procfs/object_handle.h"

namespace rm {
namespace {

namespace fs = std::filesystem;
constexpr std::chrono::milliseconds kShort{300}, kLong{600'000};
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class TreeTest : public ::testing::Test {
 protected:
  void Make(const std::string& directory) { fs::create_directories(root() + "/" + directory); }
  std::string root() const { return at_.path(); }
  std::vector<std::string> Found(const TreeOptions& options = {}) {
    auto walk = WalkTree(root(), options);
    std::vector<std::string> names;
    if (!walk) return {walk.error().message};
    for (const TreeEntry& entry : walk->entries) names.push_back(entry.below);
    return names;
  }

  test::TemporaryDirectory at_;
};

TEST_F(TreeTest, EverythingBelowIsFoundWithItsIdentity) {
  Make("a/b");
  Make("empty");
  at_.Write("top");
  const std::string file = at_.Write("a/b/file");
  EXPECT_THAT(Found(), UnorderedElementsAre("a", "a/b", "a/b/file", "empty", "top"));
  struct stat found {};
  stat(file.c_str(), &found);
  const auto walk = WalkTree(root(), {});
  ASSERT_TRUE(walk);
  for (const TreeEntry& entry : walk->entries) {
    if (entry.below != "a/b/file") continue;
    EXPECT_EQ(entry.identity.ino, found.st_ino);
    EXPECT_EQ(entry.identity.dev, found.st_dev);
    EXPECT_TRUE(S_ISREG(entry.identity.mode));
    EXPECT_EQ(entry.identity.size, 0u);
  }
}

TEST_F(TreeTest, ADirectoryComesBeforeWhatIsInIt) {
  Make("a/b/c");
  EXPECT_THAT(Found(), ElementsAre("a", "a/b", "a/b/c"));
}

TEST_F(TreeTest, LinksAreNotFollowedNorFound) {
  Make("a");
  fs::create_symlink("..", root() + "/a/up");
  fs::create_symlink("/etc", root() + "/etc");
  fs::create_symlink("nowhere", root() + "/dangling");
  EXPECT_THAT(Found(), ElementsAre("a"));
}

// /opt/current -> /opt/app-2
TEST_F(TreeTest, TheRootItselfMayBeALink) {
  Make("app-2/bin");
  fs::create_symlink("app-2", root() + "/current");
  const auto walk = WalkTree(root() + "/current", {});
  ASSERT_TRUE(walk);
  ASSERT_THAT(walk->entries, SizeIs(1));
  EXPECT_EQ(walk->entries[0].below, "bin");
}

TEST_F(TreeTest, WhatIsNotThereOrNoDirectoryHasNothingBelow) {
  const std::string file = at_.Write("file");
  for (const std::string& path : {root() + "/missing", file, root() + "/missing/deeper"}) {
    const auto walk = WalkTree(path, {});
    ASSERT_TRUE(walk) << path;
    EXPECT_THAT(walk->entries, IsEmpty());
    EXPECT_THAT(walk->skipped, IsEmpty());
  }
}

// A reader of the other end must not be needed, and a device must not be opened.
TEST_F(TreeTest, FifosAndSocketsAreNamedAndNotOpened) {
  ASSERT_EQ(mkfifo((root() + "/fifo").c_str(), 0600), 0);
  EXPECT_THAT(Found(), ElementsAre("fifo"));
}

TEST_F(TreeTest, NamesAreBytes) {
  const std::string odd = "new\nline \xff";
  Make(odd);
  EXPECT_THAT(Found(), ElementsAre(odd));
}

TEST_F(TreeTest, MoreThanTheLimitIsAFailure) {
  for (const char* name : {"a", "b", "c"}) at_.Write(name);
  EXPECT_THAT(Found({.most = 3}), SizeIs(3));
  const auto walk = WalkTree(root(), {.most = 2});
  ASSERT_FALSE(walk);
  EXPECT_EQ(walk.error().code, kOutOfMemory);
}

TEST_F(TreeTest, ItCanBeCancelled) {
  at_.Write("file");
  std::stop_source stop;
  stop.request_stop();
  const auto walk = WalkTree(root(), {.cancel = stop.get_token()});
  ASSERT_FALSE(walk);
  EXPECT_EQ(walk.error().code, kCancelled);
}

// Deeper than any path can say, made step by step.
TEST_F(TreeTest, WhatIsTooDeepForAPathIsSkippedAndNamed) {
  const std::string name(200, 'd');
  const int start = open(root().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int at = dup(start);
  for (int i = 0; i < 30; ++i) {
    ASSERT_EQ(mkdirat(at, name.c_str(), 0700), 0);
    const int next = openat(at, name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    close(at);
    at = next;
  }
  close(at);
  close(start);
  const auto walk = WalkTree(root(), {});
  ASSERT_TRUE(walk);
  EXPECT_GT(walk->entries.size(), 18u);
  EXPECT_LT(walk->entries.size(), 30u);
  ASSERT_THAT(walk->skipped, SizeIs(1));
  EXPECT_EQ(walk->skipped[0].why, "File name too long");
}

TEST_F(TreeTest, ManyDirectoriesNeedFewDescriptors) {
  for (int i = 0; i < 200; ++i) Make("d" + std::to_string(i) + "/e");
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  rlimit few = before;
  few.rlim_cur = 20;
  setrlimit(RLIMIT_NOFILE, &few);
  const size_t found = Found().size();
  setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(found, 400u);
}

// In a child: what it mounts, and as whom it runs, goes with it. 77: it may not.
class TreeInChildTest : public TreeTest {
 protected:
  template <class Body>
  void InChild(Body body) {
    const pid_t child = fork();
    if (child == 0) {
      if (unshare(CLONE_NEWNS) || mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, "")) _exit(77);
      _exit(body() ? 0 : 1);
    }
    int status = 1;
    waitpid(child, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
      GTEST_SKIP() << "lacks CAP_SYS_ADMIN, to mount in a namespace of its own";
    EXPECT_EQ(status, 0);
  }
};

TEST_F(TreeInChildTest, AnotherFileSystemIsLookedIntoOnlyIfAskedFor) {
  Make("mounted");
  InChild([this] {
    if (mount("none", (root() + "/mounted").c_str(), "tmpfs", 0, nullptr)) return false;
    at_.Write("mounted/inside");
    return Found().empty() && Found({.other_file_systems = true}) ==
                                  std::vector<std::string>{"mounted", "mounted/inside"};
  });
}

TEST_F(TreeInChildTest, ABindMountOfTheSameFileSystemIsAnotherOne) {
  Make("bound");
  Make("tree/here");
  InChild([this] {
    const std::string from = root() + "/bound", to = root() + "/tree/here";
    at_.Write("bound/inside");
    if (mount(from.c_str(), to.c_str(), nullptr, MS_BIND, nullptr)) return false;
    return WalkTree(root() + "/tree", {})->entries.empty() &&
           WalkTree(root() + "/tree", {.other_file_systems = true})->entries.size() == 2;
  });
}

TEST_F(TreeInChildTest, AMountPointIsATree) {
  Make("mounted");
  InChild([this] {
    const std::string point = root() + "/mounted";
    if (mount("none", point.c_str(), "tmpfs", 0, nullptr)) return false;
    at_.Write("mounted/inside");
    return WalkTree(point, {})->entries.size() == 1;
  });
}

TEST_F(TreeInChildTest, ATreeThatIsMountedBelowItselfEnds) {
  Make("a/b");
  InChild([this] {
    if (mount(root().c_str(), (root() + "/a/b").c_str(), nullptr, MS_BIND, nullptr)) return false;
    return Found({.other_file_systems = true}).size() == 2;
  });
}

TEST_F(TreeInChildTest, WhatAServerHasIsFoundAsFilesOfADiskAre) {
  Make("far");
  at_.Write("near");
  InChild([this] {
    const test::DeadMount mount(root() + "/far");
    if (!mount.exists()) _exit(77);
    const auto inside = WalkTree(mount.file().substr(0, mount.file().rfind('/')), {});
    return Found() == std::vector<std::string>{"near"} && inside && inside->entries.size() == 1 &&
           inside->entries[0].below == "file" && S_ISREG(inside->entries[0].identity.mode) &&
           Found({.other_file_systems = true}).size() == 3;
  });
}

TEST_F(TreeInChildTest, AServerThatDiesMeanwhileIsSkippedAndNamed) {
  Make("far");
  at_.Write("near");
  InChild([this] {
    test::DeadMount mount(root() + "/far");
    if (!mount.exists()) _exit(77);
    mount.DieWhenListed();
    const auto walk = WalkTree(root(), {.other_file_systems = true, .patience = kShort});
    return walk && walk->entries.size() == 2 && walk->skipped.size() == 1 &&
           walk->skipped[0].path == root() + "/far" &&
           walk->skipped[0].why == "its file system does not answer";
  });
}

// Nor is it waited for again and again.
TEST_F(TreeInChildTest, ATreeOfADeadServerIsSkipped) {
  Make("far");
  InChild([this] {
    test::DeadMount mount(root() + "/far");
    if (!mount.exists()) _exit(77);
    mount.Die();
    const auto walk = WalkTree(root() + "/far", {.patience = kShort});
    return walk && walk->entries.empty() && walk->skipped.size() == 1;
  });
}

TEST_F(TreeInChildTest, ALookThroughAServersTreeCanBeCancelled) {
  Make("far");
  InChild([this] {
    test::DeadMount mount(root() + "/far");
    if (!mount.exists()) _exit(77);
    mount.Die();
    std::stop_source stop;
    std::thread other([&] { stop.request_stop(); });
    const auto walk = WalkTree(root() + "/far", {.cancel = stop.get_token(), .patience = kLong});
    other.join();
    return !walk && walk.error().code == kCancelled;
  });
}

TEST_F(TreeInChildTest, FilesOfAnOverlayHaveTheHandlesOfTheirLayers) {
  Make("base");
  Make("merged");
  InChild([this] {
    if (mount("none", (root() + "/base").c_str(), "tmpfs", 0, nullptr)) return false;
    for (const char* name : {"base/l", "base/u", "base/w"}) Make(name);
    at_.Write("base/l/low");
    const std::string options =
        fmt::format("lowerdir={0}/l,upperdir={0}/u,workdir={0}/w", root() + "/base");
    if (mount("none", (root() + "/merged").c_str(), "overlay", 0, options.c_str())) _exit(77);
    const auto shown = WalkTree(root() + "/merged", {}), plain = WalkTree(root() + "/base", {});
    ObjectHandle handle;
    if (ReadHandle(AT_FDCWD, (root() + "/merged/low").c_str(), handle) || !handle.overlay)
      _exit(77);
    return shown->entries.size() == 1 && shown->entries[0].handles.size() == 1 &&
           shown->entries[0].handles[0].overlay && shown->entries[0].handles[0].id == handle.id &&
           std::ranges::all_of(plain->entries,
                               [](const TreeEntry& entry) { return entry.handles.empty(); });
  });
}

TEST_F(TreeInChildTest, WhatMayNotBeReadIsSkippedAndNamed) {
  Make("closed");
  Make("open");
  chmod((root() + "/closed").c_str(), 0);
  chmod(root().c_str(), 0755);
  InChild([this] {
    if (setgid(65534) || setuid(65534)) return false;
    const auto walk = WalkTree(root(), {});
    return walk && walk->entries.size() == 2 && walk->skipped.size() == 1 &&
           walk->skipped[0].path == root() + "/closed" &&
           walk->skipped[0].why == "Permission denied";
  });
}

}  // namespace
}  // namespace rm
