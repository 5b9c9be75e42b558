// Do both back ends tell the same about who is stuck, and about what no walk through descriptors
// and mappings shows? On the live kernel.
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "machine/both_backends_test.h"

namespace rm {
namespace {

using test::Holder;

// A cgroup of the test's own below the root of the unified tree, which everybody in it leaves
// frozen until killed.
class FrozenGroup {
 public:
  FrozenGroup() {
    for (const char* root : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
      struct statfs found {};
      const std::string path = std::string(root) + "/rm-frozen-" + std::to_string(getpid());
      if (statfs(root, &found) || found.f_type != CGROUP2_SUPER_MAGIC) continue;
      if (mkdir(path.c_str(), 0755) == 0) path_ = path;
    }
  }
  ~FrozenGroup() {
    if (exists()) rmdir(path_.c_str());
  }
  FrozenGroup(const FrozenGroup&) = delete;
  FrozenGroup& operator=(const FrozenGroup&) = delete;

  bool exists() const { return !path_.empty(); }
  void Freeze(pid_t pid) const {
    std::ofstream(path_ + "/cgroup.procs") << pid;
    std::ofstream(path_ + "/cgroup.freeze") << 1;
    while (Read("/cgroup.events").find("frozen 1") == std::string::npos) sched_yield();
  }

 private:
  std::string Read(const std::string& name) const {
    std::ifstream file(path_ + name);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::string path_;
};

TEST_F(BothBackendsTest, RegisteredWithARing) {
  const std::string file = at_.Write("file"), other = at_.Write("other");
  const Holder one({"--io-uring", file, "--open", other, "--io-uring", other}),
      two({"--open", file, "--io-uring", file});
  EXPECT_EQ(Agreed({Target(file, 0), Target(other, 1)}).size(), 5u);
}

// Nobody can tell what it has registered: whose it is is told.
TEST_F(BothBackendsTest, RegisteredWithARingThatHasNoDescriptor) {
  const std::string file = at_.Write("file");
  const Holder unknown({"--mapped-ring", file}), known({"--io-uring", file});
  EXPECT_EQ(Agreed({Target(file)}).size(), 1u);
  for (const Backend backend : {Backend::kProc, Backend::kBpf}) {
    const auto unreadable = Find({Target(file)}, backend).unreadable;
    EXPECT_THAT(unreadable, testing::Contains(unknown.id()));
    EXPECT_THAT(unreadable, testing::Not(testing::Contains(known.id())));
  }
}

// Inode numbers of sockets and rings are counted: sooner or later one is that of a target.
TEST_F(BothBackendsTest, InARingOrAMessageBehindTheNumberOfATarget) {
  const std::string file = at_.Write("file");
  const Holder holder({"--io-uring", file, "--in-flight", file});
  std::vector<FileTarget> targets = {Target(file, 0)};
  for (const auto& entry :
       std::filesystem::directory_iterator("/proc/" + std::to_string(holder.pid()) + "/fd")) {
    struct stat found {};
    ASSERT_EQ(stat(entry.path().c_str(), &found), 0);
    if (S_ISREG(found.st_mode) || S_ISCHR(found.st_mode)) continue;
    targets.push_back(Target(file, 1));
    targets.back().identity.ino = found.st_ino;
  }
  EXPECT_EQ(Agreed(targets).size(), 1u);
  for (const Backend backend : {Backend::kProc, Backend::kBpf})
    EXPECT_THAT(Find(targets, backend).in_flight, testing::Contains(holder.id()));
}

// Of what they are nobody can tell: who has not received them is told.
TEST_F(BothBackendsTest, DescriptorsInMessagesThatNobodyHasReceived) {
  const std::string file = at_.Write("file");
  const Holder one({"--in-flight", file}), two({"--open", file, "--in-flight", file});
  EXPECT_EQ(Agreed({Target(file)}).size(), 1u);
  // Others on this machine may have sent some, too.
  for (const Backend backend : {Backend::kProc, Backend::kBpf})
    EXPECT_THAT(Find({Target(file)}, backend).in_flight,
                testing::IsSupersetOf({one.id(), two.id()}));
}

TEST_F(BothBackendsTest, StoppedAndInUninterruptibleSleep) {
  const std::string file = at_.Write("file");
  const Holder stopped({"--open", file, "--map", file}), sleeps({"--open", file, "--vfork"});
  stopped.Signal(SIGSTOP);
  EXPECT_EQ(Agreed({Target(file)}).size(), 4u);  // the child of the fork has it, too
}

TEST_F(BothBackendsTest, InAFrozenCgroup) {
  const std::string file = at_.Write("file");
  const FrozenGroup group;
  if (!group.exists()) GTEST_SKIP() << "lacks a cgroup tree that it may write";
  const Holder frozen({"--open", file, "--map", file, "--io-uring", file, "--in-flight", file}),
      thread({"--private-table", file});
  group.Freeze(frozen.pid());
  group.Freeze(thread.pid());
  EXPECT_EQ(Agreed({Target(file)}).size(), 4u);
  for (const Backend backend : {Backend::kProc, Backend::kBpf})
    EXPECT_THAT(Find({Target(file)}, backend).in_flight, testing::Contains(frozen.id()));
}

int Shell(const std::string& command) {
  return std::system((command + " >/dev/null 2>&1").c_str());
}

// Inode numbers are the same in all subvolumes, and the device in maps is that of none.
TEST_F(BothBackendsTest, BtrfsSubvolumes) {
  const std::string image = at_.path() + "/image", mounted = MakeDirectory("mnt");
  EXPECT_CHILD("btrfs, or loop devices", [&] {
    if (Shell("truncate -s 128M " + image + " && mkfs.btrfs -q " + image + " && mount -o loop " +
              image + " " + mounted + " && btrfs subvolume create " + mounted +
              "/a && btrfs subvolume create " + mounted + "/b"))
      _exit(77);
    const std::string a = at_.Write("mnt/a/file"), b = at_.Write("mnt/b/file");
    const Holder one({"--open", a, "--map", a, "--io-uring", a}), two({"--open", b, "--map", b});
    EXPECT_EQ(Agreed({Target(a)}).size(), 3u);
    EXPECT_EQ(Agreed({Target(b)}).size(), 2u);
    FileTarget previous = Target(a, 0);
    previous.previous = true;
    EXPECT_EQ(Agreed({previous, Target(b, 1)}).size(), 5u);
    Agreed({Target(image)});
    EXPECT_EQ(Find({Target(image)}, Backend::kBpf).kernel_uses.size(), 1u);
  });
}

}  // namespace
}  // namespace rm
