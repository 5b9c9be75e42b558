// Do both back ends tell the same about the same processes? On the live kernel.
#include "machine/holder_finder.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "base/win32_codes.h"
#include "machine/both_backends_test.h"

namespace rm {
namespace {

namespace fs = std::filesystem;
using test::Holder;

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

}  // namespace
}  // namespace rm
