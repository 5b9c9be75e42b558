// Is what rm-relaunch brings back like what was there? Asked of the programs themselves.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "apps/ask.h"
#include "apps/launch.h"
#include "apps/testing/programs.h"
#include "base/io_priority.h"
#include "procfs/snapshot.h"

namespace rm {
namespace {

using ::testing::HasSubstr;
using namespace rm::testing;

constexpr uid_t kNobody = 65534;

// A program in a state that nobody would come about by chance.
struct Odd {
  uid_t uid = kNobody;
  gid_t gid = 65533;
  bool privileged = true;  // what only root can arrange
  bool capable = false;    // a capability that survives exec
};

void SetLimit(int resource, rlim_t soft, rlim_t hard) {
  const rlimit limit{soft, hard};
  if (setrlimit(static_cast<__rlimit_resource>(resource), &limit) != 0) _exit(90);
}

void Require(bool done) {
  if (!done) _exit(91);
}

void KeepCapability(int capability) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct half[2] = {};
  half[0] = {1u << capability, 1u << capability, 1u << capability};
  Require(syscall(SYS_capset, &header, half) == 0);
  Require(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) == 0);
}

void Stream(int number, const std::string& path, int flags, off_t offset) {
  const int fd = open(path.c_str(), flags | O_CLOEXEC);
  Require(fd >= 0 && lseek(fd, offset, SEEK_SET) == offset && dup2(fd, number) == number);
}

void RunOdd(const Odd& odd, const Directory& directory) {
  closefrom(3);
  umask(0137);
  Stream(0, directory / "in", O_RDONLY, 5);
  Stream(1, directory / "out", O_WRONLY, 0);
  Require(dup2(1, 2) == 2);
  SetLimit(RLIMIT_NOFILE, 77, 99);
  SetLimit(RLIMIT_CORE, 0, 12345);
  SetLimit(RLIMIT_STACK, 1 << 20, RLIM_INFINITY);
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(0, &cpus);
  Require(sched_setaffinity(0, sizeof cpus, &cpus) == 0);
  const sched_param none{};
  Require(sched_setscheduler(0, SCHED_BATCH, &none) == 0);
  Require(setpriority(PRIO_PROCESS, 0, odd.privileged ? -3 : 7) == 0);
  Require(syscall(SYS_ioprio_set, kIoPriorityOfProcess, 0,
                  IoPriority(odd.privileged ? kIoPriorityRealTime : kIoPriorityBestEffort, 6)) ==
          0);
  WriteAll("/proc/self/oom_score_adj", "321");
  Require(personality(ADDR_NO_RANDOMIZE) >= 0);
  Require(prctl(PR_SET_TIMERSLACK, 77'777) == 0);
  if (odd.privileged) {
    const gid_t groups[] = {100, 65533, 7};
    Require(prctl(PR_CAPBSET_DROP, CAP_SYS_MODULE) == 0 && setgroups(3, groups) == 0);
    Require(prctl(PR_SET_KEEPCAPS, 1) == 0);
    Require(setresgid(odd.gid, odd.gid, odd.gid) == 0);
    Require(setresuid(odd.uid, odd.uid, odd.uid) == 0);
    if (odd.capable) KeepCapability(CAP_NET_RAW);
  }
  Require(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  Require(chdir((directory / "a place").c_str()) == 0);
  for (int signal : {SIGHUP, SIGPIPE, SIGRTMIN + 3, SIGCHLD}) ::signal(signal, SIG_IGN);
  sigset_t blocked;
  sigemptyset(&blocked);
  for (int signal : {SIGUSR1, SIGTERM, SIGRTMAX}) sigaddset(&blocked, signal);
  sigprocmask(SIG_SETMASK, &blocked, nullptr);

  std::string program = directory / "program";
  char* const arguments[] = {const_cast<char*>("-other name"),
                             const_cast<char*>("$HOME ${HOME}"),
                             const_cast<char*>(""),
                             const_cast<char*>("a b\n%n%%"),
                             const_cast<char*>("\xff\xfe"),
                             const_cast<char*>("* ~ ;`id`"),
                             nullptr};
  char* const environment[] = {const_cast<char*>("A=1"),
                               const_cast<char*>("EMPTY="),
                               const_cast<char*>("NOT_UTF8=\x80\xff"),
                               const_cast<char*>("A=2"),
                               const_cast<char*>("PATH=/nowhere"),
                               nullptr};
  execve(program.c_str(), arguments, environment);
  _exit(92);
}

class Relaunch : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::copy_file(DUMP_SELF, directory_ / "program");
    chmod((directory_ / "program").c_str(), 0755);
    std::filesystem::create_directory(directory_ / "a place");
    std::filesystem::create_directory(directory_ / "specs");
    chmod((directory_ / "specs").c_str(), 0700);
    WriteAll(directory_ / "in", "0123456789", 0666);
    WriteAll(directory_ / "out", "", 0666);
  }

  // Starts the odd program, captures it, ends it, brings it back, and returns what both have said
  // about themselves, in one file as their output was.
  void BringBack(const Odd& odd, std::string& before, std::string& after) {
    const pid_t child = Fork([&] { RunOdd(odd, directory_); });
    before = AwaitText(directory_ / "out", "end\n");
    ASSERT_THAT(before, HasSubstr("may become root")) << Await(child);
    const auto proc = ProcTree::Open();
    const auto spec = Snapshot(*proc, Identify(child));
    ASSERT_TRUE(spec) << spec.error().message;
    EXPECT_THAT(spec->cannot_restore,
                ::testing::ElementsAre("Its standard input is a file that it has begun to read."));
    EndIt(Identify(child));
    EXPECT_EQ(Await(child), SIGKILL);

    const auto file = WriteSpecFile(directory_ / "specs", "1", *spec);
    ASSERT_TRUE(file) << file.error().message;
    const auto launched = Launch(RM_RELAUNCH, *file);
    ASSERT_TRUE(launched) << launched.error().message;
    EXPECT_EQ(LookAtSpecFile(*file).process, *launched);
    const std::string both = AwaitText(directory_ / "out", "end\n", before.size());
    after = both.substr(before.size());
    EndIt(*launched);
    EXPECT_TRUE(AwaitEnd(*launched));
  }

  static void EndIt(const ProcessId& process) {
    const auto pidfd = OpenProcess(process);
    ASSERT_TRUE(pidfd) << pidfd.error().message;
    EXPECT_TRUE(End(pidfd->get()));
  }

  const Directory directory_;
};

TEST_F(Relaunch, BringsBackAnotherUsersProgramAsItWas) {
  if (geteuid() != 0) GTEST_SKIP() << "becoming another user needs root";
  std::string before, after;
  BringBack({}, before, after);
  EXPECT_EQ(after, before);
  EXPECT_THAT(after, HasSubstr("may become root: no"));
}

TEST_F(Relaunch, BringsBackACapabilityThatAnUnprivilegedProgramWasGiven) {
  if (geteuid() != 0) GTEST_SKIP() << "becoming another user needs root";
  std::string before, after;
  BringBack({.capable = true}, before, after);
  EXPECT_EQ(after, before);
  EXPECT_THAT(after, HasSubstr("CapEff:\t0000000000002000"));
  EXPECT_THAT(after, HasSubstr("may become root: no"));
}

TEST_F(Relaunch, BringsBackAProgramOfOurOwn) {
  std::string before, after;
  BringBack({.privileged = false}, before, after);
  EXPECT_EQ(after, before);
  EXPECT_THAT(after, HasSubstr(geteuid() == 0 ? "may become root: yes" : "may become root: no"));
}

}  // namespace
}  // namespace rm
