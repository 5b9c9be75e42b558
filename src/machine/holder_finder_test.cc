// Do both back ends tell the same about the same processes? On the live kernel.
#include "machine/holder_finder.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <ostream>

#include "base/win32_codes.h"
#include "holder/holder.h"
#include "procfs/identity.h"

namespace rm {

void PrintTo(const Holding& h, std::ostream* out) {
  *out << "{pid " << h.process.pid << " since " << h.process.start_ticks << " kind "
       << static_cast<int>(h.kind) << " file " << h.file << " fd " << h.fd
       << (h.previous_content ? " previous" : "") << "}";
}

namespace {

namespace fs = std::filesystem;
using test::Holder;

FileTarget Target(const std::string& path, uint32_t number = 0) {
  const Result<FileResource> file = IdentifyFile(path);
  EXPECT_TRUE(file && file->at_registration) << path;
  return {.identity = file->at_registration.value_or(FileIdentity{}), .file = number};
}

class BothBackendsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (auto loaded = finder_.Load(1); !loaded)
      GTEST_SKIP() << "lacks BPF: " << loaded.error().message;
  }

  HolderScan Find(std::vector<FileTarget> targets, Backend backend, unsigned threads = 2) {
    auto found = finder_.Find(targets, {.threads = threads, .directories = true}, backend);
    EXPECT_TRUE(found) << found.error().message;
    return found.value_or(HolderScan{});
  }
  // What both tell, which is the same.
  std::vector<Holding> Agreed(const std::vector<FileTarget>& targets) {
    const HolderScan proc = Find(targets, Backend::kProc), kernel = Find(targets, Backend::kBpf);
    EXPECT_EQ(kernel.holdings, proc.holdings);
    EXPECT_THAT(kernel.unreadable, testing::IsSubsetOf(proc.unreadable));
    return proc.holdings;
  }
  // Who looks opens "/" for a moment, and may see that or not.
  static std::vector<Holding> WithoutOwnDescriptors(HolderScan scan) {
    std::erase_if(scan.holdings, [](const Holding& holding) {
      return holding.process.pid == getpid() && holding.kind == HoldKind::kDescriptor;
    });
    return scan.holdings;
  }
  std::string MakeDirectory(const std::string& name) {
    fs::create_directory(at_.path() + "/" + name);
    return at_.path() + "/" + name;
  }
  std::string CopyProgram(const std::string& name) {
    fs::copy_file(test::HolderProgram(), at_.path() + "/" + name);
    return at_.path() + "/" + name;
  }

  ProcTree proc_ = std::move(*ProcTree::Open());
  HolderFinder finder_{proc_};
  test::TemporaryDirectory at_;
};

TEST_F(BothBackendsTest, EveryWayToHoldAFile) {
  const std::string file = at_.Write("file"), program = CopyProgram("program");
  const std::string directory = MakeDirectory("d"),
                    library = at_.Write("l", std::string(9000, 'x'));
  std::vector<Holder> holders;
  const auto hold = [&](const std::vector<std::string>& how) { holders.emplace_back(how); };
  hold({"--open", file, "--open", file, "--path", file});
  hold({"--map", library, "--map", library, "--map", file});
  hold({"--cwd", directory});
  hold({"--private-table", file});
  hold({"--private-cwd", directory});
  hold({"--open", file, "--map", library, "--cwd", directory, "--leader-exits"});
  hold({"--private-table", file, "--private-table", library, "--leader-exits"});
  holders.emplace_back(std::vector<std::string>{"--open", file},
                       Holder::Options{.program = program});
  if (geteuid() == 0) hold({"--root", directory});
  const auto agreed =
      Agreed({Target(file, 0), Target(program, 1), Target(directory, 2), Target(library, 3)});
  EXPECT_EQ(agreed.size(), geteuid() == 0 ? 17u : 16u);
}

TEST_F(BothBackendsTest, SelfAndThreadsThatShareEverything) {
  const std::string file = at_.Write("file");
  const UniqueFd fd(open(file.c_str(), O_RDONLY | O_CLOEXEC));
  void* mapped = mmap(nullptr, 1, PROT_READ, MAP_SHARED, fd.get(), 0);
  EXPECT_EQ(Agreed({Target(file)}).size(), 2u);
  munmap(mapped, 1);
}

TEST_F(BothBackendsTest, PreviousContentReplacedDeletedAndHardLinked) {
  const std::string file = at_.Write("file", "old"), gone = at_.Write("gone");
  const std::string linked = at_.Write("linked"), program = CopyProgram("program");
  FileTarget old = Target(file, 0), deleted = Target(gone, 1), executable = Target(program, 2);
  const Holder before({"--open", file, "--map", file, "--path", gone, "--map", gone},
                      {.program = program});
  fs::create_hard_link(linked, at_.path() + "/link");
  const Holder by_link({"--map", at_.path() + "/link"});
  fs::rename(at_.Write("new", "new"), file);
  fs::remove(gone);
  fs::remove(program);
  const Holder after({"--open", file});
  for (FileTarget* target : {&old, &deleted, &executable}) target->previous = true;
  EXPECT_EQ(Agreed({Target(file, 0), old, deleted, executable, Target(linked, 3)}).size(), 8u);
}

// Another file has got the number meanwhile.
TEST_F(BothBackendsTest, AnotherBirthTimeIsAnotherFile) {
  const std::string file = at_.Write("file");
  FileTarget target = Target(file);
  if (!target.identity.btime_ns) GTEST_SKIP() << "lacks a file system with birth times";
  const Holder holder({"--open", file, "--map", file});
  target.previous = true;
  EXPECT_EQ(Agreed({target}).size(), 2u);
  target.identity.btime_ns += 1;
  EXPECT_TRUE(Agreed({target}).empty());
}

TEST_F(BothBackendsTest, CurrentAndPreviousAtOnceIsToldAsCurrent) {
  const std::string file = at_.Write("file");
  const Holder holder({"--open", file});
  FileTarget previous = Target(file);
  previous.previous = true;
  const auto agreed = Agreed({previous, Target(file)});
  ASSERT_EQ(agreed.size(), 1u);
  EXPECT_FALSE(agreed[0].previous_content);
}

TEST_F(BothBackendsTest, MoreThanOneAnswerOfTheKernelTakes) {
  std::vector<std::string> how;
  std::vector<FileTarget> targets;
  for (uint32_t i = 0; i < 900; ++i) {
    const std::string file = at_.Write(std::to_string(i));
    how.insert(how.end(), {"--open", file});
    targets.push_back(Target(file, i));
  }
  const Holder holder(how), other({"--map", at_.path() + "/7"});
  EXPECT_EQ(Agreed(targets).size(), 901u);
}

TEST_F(BothBackendsTest, AnyNumberOfThreads) {
  const std::string file = at_.Write("file");
  std::vector<Holder> holders;
  for (int i = 0; i < 20; ++i) holders.emplace_back(std::vector<std::string>{"--open", file});
  const auto one = Find({Target(file)}, Backend::kBpf, 1);
  EXPECT_EQ(one.holdings.size(), 20u);
  for (const unsigned threads : {2u, 3u, 8u})
    EXPECT_EQ(Find({Target(file)}, Backend::kBpf, threads).holdings, one.holdings);
}

TEST_F(BothBackendsTest, NobodyIsAskedForNothing) { EXPECT_TRUE(Agreed({}).empty()); }

TEST_F(BothBackendsTest, Cancelled) {
  std::stop_source stop;
  stop.request_stop();
  const FileTarget target = Target("/");
  const auto found =
      finder_.Find(std::span(&target, 1), {.cancel = stop.get_token()}, Backend::kBpf);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, kCancelled);
}

// Without CAP_BPF the answer is the same, by /proc; who insists on BPF is told why there is none.
TEST(HolderFinderTest, WithoutPrivilegeAsksProc) {
  test::TemporaryDirectory at;
  const std::string file = at.Write("file");
  const Holder holder({"--open", file, "--map", file});
  const pid_t child = fork();
  if (child == 0) {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct sets[2]{};
    if (syscall(SYS_capget, &header, sets)) _exit(3);
    for (const int capability : {CAP_BPF, CAP_PERFMON, CAP_SYS_ADMIN})
      sets[CAP_TO_INDEX(capability)].effective &= ~CAP_TO_MASK(capability);
    if (syscall(SYS_capset, &header, sets)) _exit(3);
    const ProcTree proc = std::move(*ProcTree::Open());
    HolderFinder finder(proc);
    const FileTarget target = Target(file);
    const auto found = finder.Find(std::span(&target, 1), {}, Backend::kAuto);
    EXPECT_EQ(found.value_or(HolderScan{}).holdings.size(), 2u);
    const auto insisted = finder.Find(std::span(&target, 1), {}, Backend::kBpf);
    EXPECT_TRUE(!insisted && insisted.error().code == kAccessDenied);
    _exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

// --- other namespaces -------------------------------------------------------------------------

// In a child, so that its mounts are seen by nobody else and go with it. It leaves with 0.
int InChild(const std::function<void()>& work) {
  const pid_t child = fork();
  if (child == 0) {
    if (unshare(CLONE_NEWNS) || mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, "")) _exit(77);
    work();
    _exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 1;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#define EXPECT_CHILD(lacks, ...)                         \
  do {                                                   \
    const int left_with = InChild(__VA_ARGS__);          \
    if (left_with == 77) GTEST_SKIP() << "lacks " lacks; \
    EXPECT_EQ(left_with, 0);                             \
  } while (0)

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
      const auto proc = WithoutOwnDescriptors(Find(targets, Backend::kProc));
      EXPECT_EQ(WithoutOwnDescriptors(Find(targets, Backend::kBpf)), proc);
      EXPECT_EQ(proc.size(), 7u);
      _exit(HasFailure() ? 1 : 0);
    }
    int status = 1;
    waitpid(inside, &status, 0);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
  });
}

}  // namespace
}  // namespace rm
