// The same object under other names, and other objects under the same name, in mount namespaces.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "holder/holder.h"
#include "procfs/holders.h"
#include "procfs/identity.h"
#include "procfs/read.h"

namespace rm {
namespace {

namespace fs = std::filesystem;
using test::Holder;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

using Hold = std::pair<pid_t, HoldKind>;

// Runs in a child of the test: what it mounts is seen by nobody else and goes with it.
bool EnterOwnMounts() {
  return unshare(CLONE_NEWNS) == 0 && mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, "") == 0;
}

void BindInOwnMounts(const std::string& from, const std::string& to) {
  if (!EnterOwnMounts() || mount(from.c_str(), to.c_str(), nullptr, MS_BIND, nullptr)) _exit(3);
}

// Takes away the capabilities without which map_files cannot be followed; the others stay, so that
// other processes can be read.
void DropMapFiles() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2]{};
  if (syscall(SYS_capget, &header, sets)) _exit(3);
  sets[CAP_TO_INDEX(CAP_SYS_ADMIN)].effective &= ~CAP_TO_MASK(CAP_SYS_ADMIN);
  sets[CAP_TO_INDEX(CAP_CHECKPOINT_RESTORE)].effective &= ~CAP_TO_MASK(CAP_CHECKPOINT_RESTORE);
  if (syscall(SYS_capset, &header, sets)) _exit(3);
}

bool MayMount() {
  const pid_t child = fork();
  if (child == 0) _exit(EnterOwnMounts() ? 0 : 1);
  int status = 1;
  waitpid(child, &status, 0);
  return status == 0;
}

std::vector<Hold> Holds(const std::string& path) {
  const auto proc = ProcTree::Open();
  const auto file = IdentifyFile(path);
  const FileTarget target{.identity = *file->at_registration};
  const auto scan = FindHolders(*proc, std::span(&target, 1), {.directories = true});
  std::vector<Hold> holds;
  for (const Holding& h : scan->holdings) holds.emplace_back(h.process.pid, h.kind);
  return holds;
}

class MountsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!MayMount()) GTEST_SKIP() << "lacks CAP_SYS_ADMIN, to mount in a namespace of its own";
  }
  test::TemporaryDirectory at_;
};

TEST_F(MountsTest, BindMountIsTheSameFile) {
  const std::string file = at_.Write("file"), other = at_.Write("other");
  const Holder holder({"--open", other, "--map", other},
                      {.prepare = [&] { BindInOwnMounts(file, other); }});
  EXPECT_THAT(Holds(file), UnorderedElementsAre(Hold(holder.pid(), HoldKind::kDescriptor),
                                                Hold(holder.pid(), HoldKind::kMapping)));
  EXPECT_THAT(Holds(other), IsEmpty());
}

// The kernel then cannot tell at once what a name in its cache leads to.
TEST_F(MountsTest, NamesAreKnownWhileOthersMountAndUnmount) {
  const std::string elsewhere = at_.path() + "/elsewhere", file = at_.Write("file");
  fs::create_directory(elsewhere);
  const pid_t child = fork();
  if (child == 0) {
    if (!EnterOwnMounts()) _exit(1);
    const std::jthread mounts([&](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        mount("none", elsewhere.c_str(), "tmpfs", 0, nullptr);
        umount2(elsewhere.c_str(), MNT_DETACH);
      }
    });
    const UniqueFd root(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    struct statx found {};
    int unknown = 0;
    for (int i = 0; i < 100'000; ++i)
      if (StatCached(root.get(), file, STATX_INO, found) == EAGAIN) ++unknown;
    _exit(unknown ? 1 : 0);
  }
  int status = 1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST_F(MountsTest, AnotherFileAtTheSamePathInAnotherNamespace) {
  const std::string file = at_.Write("file"), other = at_.Write("other");
  const Holder holder({"--open", file, "--map", file},
                      {.prepare = [&] { BindInOwnMounts(other, file); }});
  EXPECT_THAT(Holds(file), IsEmpty());
  EXPECT_EQ(Holds(other).size(), 2u);
}

// A new file system counts its inodes from the same number: only the device tells them apart.
TEST_F(MountsTest, SameInodeNumberOnAnotherDevice) {
  fs::create_directory(at_.path() + "/a");
  fs::create_directory(at_.path() + "/b");
  const pid_t child = fork();
  if (child == 0) {
    const std::string a = at_.path() + "/a", b = at_.path() + "/b";
    if (!EnterOwnMounts() || mount("none", a.c_str(), "tmpfs", 0, nullptr) ||
        mount("none", b.c_str(), "tmpfs", 0, nullptr)) {
      _exit(3);
    }
    at_.Write("a/file");
    at_.Write("b/file");
    const auto first = IdentifyFile(a + "/file"), second = IdentifyFile(b + "/file");
    const Holder holder({"--open", a + "/file", "--map", a + "/file"});
    const bool same_number = first->at_registration->ino == second->at_registration->ino;
    _exit(same_number && Holds(a + "/file").size() == 2 && Holds(b + "/file").empty() ? 0 : 1);
  }
  int status = 1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

// A caller who may not see map_files goes by names; they must be those of the right namespace.
TEST_F(MountsTest, UnprivilegedCallerIsNotFooledByNames) {
  fs::permissions(at_.path(), fs::perms(0755));
  const std::string program = at_.path() + "/program";
  fs::copy_file(test::HolderProgram(), program);
  const std::string file = at_.Write("file"), other = at_.Write("other");
  for (const std::string& path : {file, other, program}) fs::permissions(path, fs::perms(0555));
  const auto become_nobody = [] {
    if (setresuid(65534, 65534, 65534)) _exit(3);
  };
  const pid_t child = fork();
  if (child == 0) {
    const Holder plain({"--map", file}, {.program = program, .prepare = become_nobody});
    const Holder elsewhere({"--map", file}, {.program = program, .prepare = [&] {
                                               BindInOwnMounts(other, file);
                                               become_nobody();
                                             }});
    const pid_t finder = fork();
    if (finder == 0) {
      become_nobody();
      _exit(Holds(file) == std::vector<Hold>{{plain.pid(), HoldKind::kMapping}} &&
                    Holds(other) == std::vector<Hold>{{elsewhere.pid(), HoldKind::kMapping}}
                ? 0
                : 1);
    }
    int status = 1;
    waitpid(finder, &status, 0);
    _exit(status != 0);
  }
  int status = 1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

// Without map_files there is the name, which shows that the number is another file's now.
TEST_F(MountsTest, UnprivilegedCallerIsNotFooledByAReusedNumber) {
  const std::string file = at_.Write("file");
  const auto found = IdentifyFile(file);
  if (!found->at_registration->btime_ns) GTEST_SKIP() << "lacks a file system with birth times";
  const Holder holder({"--map", file});
  FileTarget before{.identity = *found->at_registration, .previous = true}, now = before;
  before.identity.btime_ns -= 1;
  const pid_t child = fork();
  if (child == 0) {
    DropMapFiles();
    const auto proc = ProcTree::Open();
    const auto none = FindHolders(*proc, std::span(&before, 1));
    const auto one = FindHolders(*proc, std::span(&now, 1));
    _exit(none->holdings.empty() && one->holdings.size() == 1 ? 0 : 1);
  }
  int status = 1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

// A user's FUSE mount lets nobody else ask for anything, not even root.
TEST_F(MountsTest, DescriptorBehindOneThatOnlyItsUserMayAskAbout) {
  fs::create_directory(at_.path() + "/fuse");
  const std::string file = at_.Write("file");
  const pid_t child = fork();
  if (child == 0) {
    const UniqueFd device(open("/dev/fuse", O_RDWR | O_CLOEXEC));
    const std::string options =
        "rootmode=40000,user_id=65534,group_id=65534,fd=" + std::to_string(device.get());
    const std::string point = at_.path() + "/fuse";
    if (!device || !EnterOwnMounts() ||
        mount("none", point.c_str(), "fuse", MS_NOSUID | MS_NODEV, options.c_str())) {
      _exit(77);
    }
    const Holder holder({"--path", point, "--open", file});
    _exit(Holds(file) == std::vector<Hold>{{holder.pid(), HoldKind::kDescriptor}} ? 0 : 1);
  }
  int status = 1;
  waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77) GTEST_SKIP() << "lacks FUSE";
  EXPECT_EQ(status, 0);
}

// The layers on one file system, and on two, where st_dev is not the device that maps shows.
class OverlayTest : public MountsTest, public testing::WithParamInterface<bool> {
 protected:
  // In the child. Exits with 77 where overlays cannot be mounted.
  void MountOverlay() const {
    const std::string root = at_.path();
    if (!EnterOwnMounts()) _exit(77);
    for (const char* name : {"/lower", "/up", "/merged"}) fs::create_directory(root + name);
    // The temporary directory may itself be on an overlay, which cannot be an upper layer.
    if (mount("none", (root + "/lower").c_str(), "tmpfs", 0, nullptr)) _exit(77);
    std::string up = root + "/lower";
    if (GetParam()) {
      up = root + "/up";
      if (mount("none", up.c_str(), "tmpfs", 0, nullptr)) _exit(77);
    }
    for (const std::string& path : {root + "/lower/l", up + "/u", up + "/w"}) {
      fs::create_directory(path);
    }
    at_.Write("lower/l/low");
    at_.Write("lower/l/copied");
    const std::string options =
        "lowerdir=" + root + "/lower/l,upperdir=" + up + "/u,workdir=" + up + "/w";
    if (mount("none", (root + "/merged").c_str(), "overlay", 0, options.c_str())) _exit(77);
    at_.Write("merged/upper");
    at_.Write("merged/copied", "changed");
  }
};

TEST_P(OverlayTest, FilesOfEveryLayerMatchAndOnlyTheirHolders) {
  const pid_t child = fork();
  if (child == 0) {
    MountOverlay();
    for (const char* name : {"/low", "/copied", "/upper"}) {
      const std::string file = at_.path() + "/merged" + name;
      const std::vector<Hold> nobody = Holds(file);
      const Holder holder({"--open", file, "--map", file});
      const std::vector<Hold> expected = {{holder.pid(), HoldKind::kDescriptor},
                                          {holder.pid(), HoldKind::kMapping}};
      const pid_t unprivileged = fork();
      if (unprivileged == 0) {
        // Keeps CAP_SYS_PTRACE, loses what map_files asks for.
        DropMapFiles();
        _exit(Holds(file) == expected ? 0 : 1);
      }
      int status = 1;
      waitpid(unprivileged, &status, 0);
      if (!nobody.empty() || Holds(file) != expected || status != 0) {
        fprintf(stderr, "wrong holders of %s\n", file.c_str());
        _exit(1);
      }
    }
    _exit(0);
  }
  int status = 1;
  waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77) GTEST_SKIP() << "lacks overlayfs";
  EXPECT_EQ(status, 0);
}

// Two overlays made alike: the same path, the same inode numbers, and maps does not show st_dev.
TEST_P(OverlayTest, SameNamesAndNumbersInAnotherNamespaceAreOtherFiles) {
  const pid_t child = fork();
  if (child == 0) {
    MountOverlay();
    const std::string file = at_.path() + "/merged/low";
    const Holder holder({"--open", file, "--map", file}, {.prepare = [&] { MountOverlay(); }});
    const bool privileged = Holds(file).empty();
    DropMapFiles();
    _exit(privileged && Holds(file).empty() ? 0 : 1);
  }
  int status = 1;
  waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77) GTEST_SKIP() << "lacks overlayfs";
  EXPECT_EQ(status, 0);
}

INSTANTIATE_TEST_SUITE_P(Layers, OverlayTest, testing::Bool(), [](const auto& layers) {
  return layers.param ? "OnTwoFileSystems" : "OnOneFileSystem";
});

}  // namespace
}  // namespace rm
