// Do both back ends tell the same about overlays and about other namespaces? On the live kernel.
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "machine/both_backends_test.h"

namespace rm {
namespace {

namespace fs = std::filesystem;
using test::Holder;

TEST_F(BothBackendsTest, BindMountsInAMountNamespace) {
  const std::string file = at_.Write("file"), other = at_.Write("other");
  EXPECT_CHILD("CAP_SYS_ADMIN", [&] {
    const Holder holder(
        {"--open", other, "--map", other}, {.prepare = [&] {
          if (unshare(CLONE_NEWNS) || mount(file.c_str(), other.c_str(), nullptr, MS_BIND, nullptr))
            _exit(3);
        }});
    EXPECT_EQ(Agreed({Target(file)}).size(), 2u);
    EXPECT_TRUE(Agreed({Target(other)}).empty());
  });
}

// A new file system counts its inodes from the same number.
TEST_F(BothBackendsTest, SameNumberOnAnotherDevice) {
  const std::string a = MakeDirectory("a"), b = MakeDirectory("b");
  EXPECT_CHILD("CAP_SYS_ADMIN", [&] {
    for (const std::string& point : {a, b})
      if (mount("none", point.c_str(), "tmpfs", 0, nullptr)) _exit(77);
    at_.Write("a/file");
    at_.Write("b/file");
    const Holder holder({"--open", a + "/file", "--map", a + "/file"});
    EXPECT_EQ(Target(a + "/file").identity.ino, Target(b + "/file").identity.ino);
    EXPECT_EQ(Agreed({Target(a + "/file", 0)}).size(), 2u);
    EXPECT_TRUE(Agreed({Target(b + "/file", 1)}).empty());
  });
}

class OverlayTest : public BothBackendsTest, public testing::WithParamInterface<bool> {};

// The layers on one file system or on two; each file is held through the overlay and in its layer.
TEST_P(OverlayTest, FilesOfEveryLayer) {
  const std::string root = MakeDirectory("root"), merged = MakeDirectory("merged");
  EXPECT_CHILD("overlayfs", [&] {
    if (mount("none", root.c_str(), "tmpfs", 0, nullptr)) _exit(77);
    fs::create_directory(root + "/up");
    const std::string up = root + "/up", lower = root + "/lower";
    if (GetParam() && mount("none", up.c_str(), "tmpfs", 0, nullptr)) _exit(77);
    for (const std::string& path : {lower, up + "/u", up + "/w"}) fs::create_directory(path);
    for (const char* name : {"low", "copied", "directory"}) {
      if (std::string(name) == "directory") {
        fs::create_directory(lower + "/directory");
      } else {
        at_.Write(std::string("root/lower/") + name);
      }
    }
    const std::string options = "lowerdir=" + lower + ",upperdir=" + up + "/u,workdir=" + up + "/w";
    if (mount("none", merged.c_str(), "overlay", 0, options.c_str())) _exit(77);
    const Holder early({"--open", merged + "/copied", "--map", merged + "/copied"});
    at_.Write("merged/upper");
    at_.Write("merged/copied", "changed");
    std::vector<std::string> how = {"--cwd", merged + "/directory"};
    std::vector<FileTarget> targets = {Target(merged + "/directory", 0),
                                       Target(lower + "/directory", 1)};
    uint32_t number = 2;
    for (const std::string& file :
         {merged + "/low", merged + "/copied", merged + "/upper", lower + "/low", lower + "/copied",
          up + "/u/copied", up + "/u/upper"}) {
      how.insert(how.end(), {"--open", file, "--map", file, "--path", file});
      targets.push_back(Target(file, number++));
    }
    const Holder holder(how);
    EXPECT_GE(Agreed(targets).size(), 22u);
    for (FileTarget& target : targets) {
      Agreed({target});
      target.previous = true;
    }
    EXPECT_GE(Agreed(targets).size(), 22u);
  });
}

INSTANTIATE_TEST_SUITE_P(Layers, OverlayTest, testing::Bool(), [](const auto& layers) {
  return layers.param ? "OnTwoFileSystems" : "OnOneFileSystem";
});

// The asker lives in a pid namespace, with a /proc of it: its numbers, and nobody from outside.
TEST_F(BothBackendsTest, AskedFromInsideAPidNamespace) {
  const std::string file = at_.Write("file");
  const Holder outside({"--open", file});
  EXPECT_CHILD("CAP_SYS_ADMIN", [&] {
    if (unshare(CLONE_NEWPID)) _exit(77);
    const pid_t inside = fork();
    if (inside == 0) {
      if (mount("none", "/proc", "proc", 0, nullptr)) _exit(77);
      const Holder holder({"--open", file, "--private-table", file});
      const Holder below({"--map", file}, {.prepare = [] {
                           if (unshare(CLONE_NEWPID)) _exit(3);
                         }});
      proc_ = std::move(*ProcTree::Open());
      EXPECT_EQ(Agreed({Target(file)}).size(), 3u);
      // Three root directories, two executables that are mapped.
      const std::vector<FileTarget> targets{Target("/", 0), Target(test::HolderProgram(), 1)};
      EXPECT_EQ(Agreed(targets).size(), 7u);
      _exit(HasFailure() ? 1 : 0);
    }
    int status = 1;
    waitpid(inside, &status, 0);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
  });
}

// /proc tells start times by the clock of whoever reads them, the kernel's program by its own.
TEST_F(BothBackendsTest, AskedFromInsideATimeNamespace) {
  const std::string file = at_.Write("file");
  const Holder holder({"--open", file});
  const uint64_t ticks = holder.id().start_ticks;
  EXPECT_CHILD("time namespaces", [&] {
    if (unshare(CLONE_NEWTIME) ||
        !(std::ofstream("/proc/self/timens_offsets") << "boottime 1000 0\n"))
      _exit(77);
    const pid_t inside = fork();
    if (inside == 0) {
      proc_ = std::move(*ProcTree::Open());
      const auto agreed = Agreed({Target(file)});
      EXPECT_EQ(agreed.size(), 1u);
      for (const Holding& found : agreed)
        EXPECT_EQ(found.process.start_ticks,
                  ticks + 1000 * static_cast<uint64_t>(sysconf(_SC_CLK_TCK)));
      _exit(HasFailure() ? 1 : 0);
    }
    int status = 1;
    waitpid(inside, &status, 0);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
  });
}

// Its children would live in another one than the asker.
TEST_F(BothBackendsTest, AskedByWhoHasMadeATimeNamespaceForItsChildren) {
  const std::string file = at_.Write("file");
  const Holder holder({"--open", file});
  const ProcessId id = holder.id();
  EXPECT_CHILD("time namespaces", [&] {
    if (unshare(CLONE_NEWTIME) ||
        !(std::ofstream("/proc/self/timens_offsets") << "boottime 1000 0\n").flush())
      _exit(77);
    proc_ = std::move(*ProcTree::Open());
    const auto agreed = Agreed({Target(file)});
    ASSERT_EQ(agreed.size(), 1u);
    EXPECT_EQ(agreed.front().process, id);
  });
}

}  // namespace
}  // namespace rm
