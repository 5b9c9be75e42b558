#include "procfs/snapshot.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "base/io_priority.h"
#include "base/win32_codes.h"
#include "holder/holder.h"
#include "procfs/process.h"

namespace rm {
namespace {

namespace fs = std::filesystem;
using test::Holder;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// Its standard output is the test's pipe; everything else is given by `prepare`.
RelaunchSpec Take(const Holder& holder, const std::vector<std::string>& updated = {}) {
  const auto proc = ProcTree::Open();
  auto spec = Snapshot(*proc, holder.id(), updated);
  EXPECT_TRUE(spec) << spec.error().message;
  return spec.value_or(RelaunchSpec{});
}

void NoInput() {
  const int null = open("/dev/null", O_RDWR);
  dup2(null, 0);
  dup2(null, 2);
}

TEST(Snapshot, HowItWasStarted) {
  test::TemporaryDirectory at;
  const Holder holder({"--cwd", at.path(), "--path", "/", "--path", "/etc"}, {.prepare = [] {
                        NoInput();
                        clearenv();
                        setenv("A", "1=2", 1);
                        setenv("EMPTY", "", 1);
                      }});
  const RelaunchSpec spec = Take(holder);
  EXPECT_EQ(spec.was, holder.id());
  EXPECT_EQ(spec.executable, fs::canonical(test::HolderProgram()));
  EXPECT_THAT(spec.arguments, ElementsAre(test::HolderProgram(), "--cwd", at.path(), "--path", "/",
                                          "--path", "/etc"));
  EXPECT_THAT(spec.environment, ElementsAre("A=1=2", "EMPTY="));
  EXPECT_EQ(spec.directory, at.path());
  EXPECT_THAT(spec.cannot_restore, ElementsAre("Its standard output is a pipe."));
}

TEST(Snapshot, WhatItWasGiven) {
  const Holder holder({}, {.prepare = [] {
                        NoInput();
                        umask(027);
                        signal(SIGUSR1, SIG_IGN);
                        sigset_t set;
                        sigemptyset(&set);
                        sigaddset(&set, SIGUSR2);
                        sigprocmask(SIG_BLOCK, &set, nullptr);
                        const rlimit limit{100, 200};
                        setrlimit(RLIMIT_NOFILE, &limit);
                        setpriority(PRIO_PROCESS, 0, 7);
                        const int idle = IoPriority(kIoPriorityBestEffort, 6);
                        syscall(SYS_ioprio_set, kIoPriorityOfProcess, 0, idle);
                        const sched_param none{};
                        sched_setscheduler(0, SCHED_BATCH, &none);
                        const UniqueFd oom(open("/proc/self/oom_score_adj", O_WRONLY));
                        if (write(oom.get(), "321", 3) != 3) _exit(3);
                        prctl(PR_SET_TIMERSLACK, 70000);
                        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
                        personality(ADDR_NO_RANDOMIZE);
                        cpu_set_t cpus;
                        CPU_ZERO(&cpus);
                        CPU_SET(0, &cpus);
                        sched_setaffinity(0, sizeof cpus, &cpus);
                      }});
  const RelaunchSpec spec = Take(holder);
  EXPECT_EQ(spec.umask, 027u);
  EXPECT_TRUE(spec.ignored_signals >> (SIGUSR1 - 1) & 1);
  EXPECT_FALSE(spec.ignored_signals >> (SIGTERM - 1) & 1);
  EXPECT_TRUE(spec.blocked_signals >> (SIGUSR2 - 1) & 1);
  EXPECT_THAT(spec.limits,
              Contains(testing::AllOf(testing::Field(&ResourceLimit::resource, RLIMIT_NOFILE),
                                      testing::Field(&ResourceLimit::soft, 100u),
                                      testing::Field(&ResourceLimit::hard, 200u))));
  EXPECT_EQ(spec.limits.size(), 16u);
  EXPECT_EQ(spec.nice, 7);
  EXPECT_EQ(spec.io_priority, IoPriority(kIoPriorityBestEffort, 6));
  EXPECT_EQ(spec.scheduler_policy, SCHED_BATCH);
  EXPECT_EQ(spec.oom_score_adjust, 321);
  EXPECT_EQ(spec.timer_slack_ns, 70000u);
  EXPECT_TRUE(spec.no_new_privileges);
  EXPECT_EQ(spec.personality, static_cast<uint64_t>(ADDR_NO_RANDOMIZE));
  if (sysconf(_SC_NPROCESSORS_ONLN) > 1) {
    EXPECT_THAT(spec.cpus, ElementsAre(0));
  }
}

TEST(Snapshot, EveryCpuIsNoCpuInParticular) { EXPECT_THAT(Take(Holder({})).cpus, IsEmpty()); }

TEST(Snapshot, Identity) {
  if (geteuid() != 0) GTEST_SKIP() << "lacks root, to become somebody else";
  const Holder holder(
      {}, {.prepare = [] {
        const gid_t groups[] = {5, 6};
        if (syscall(SYS_setgroups, 2, groups) || setresgid(7, 8, 9) || setresuid(1, 0, 3)) {
          _exit(3);
        }
      }});
  const RelaunchSpec spec = Take(holder);
  EXPECT_THAT(spec.uids, ElementsAre(1, 0, 0));  // execve copies effective to saved
  EXPECT_THAT(spec.gids, ElementsAre(7, 8, 8));
  EXPECT_THAT(spec.groups, ElementsAre(5, 6));
  EXPECT_EQ(spec.capabilities_effective, spec.capabilities_permitted);
  EXPECT_NE(spec.capabilities_bounding, 0u);
}

// It was started anew without the rights that it had had at first, and ended at once.
TEST(Snapshot, WhoGaveUpTheRightsOfRootCannotComeBack) {
  if (geteuid() != 0) GTEST_SKIP() << "lacks root, to become somebody else";
  int done[2];
  ASSERT_EQ(pipe(done), 0);
  const pid_t child = fork();
  if (child == 0) {
    if (setresuid(1, 1, 1) == 0) close(done[1]);
    while (true) pause();
  }
  close(done[1]);
  char none;
  EXPECT_EQ(read(done[0], &none, 1), 0);
  const auto proc = ProcTree::Open();
  const auto spec = Snapshot(*proc, Identify(*proc, child)->value_or(ProcessId{}), {});
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  ASSERT_TRUE(spec) << spec.error().message;
  EXPECT_THAT(spec->cannot_restore, Contains(HasSubstr("as another user")));
  EXPECT_THAT(Take(Holder({})).cannot_restore, Not(Contains(HasSubstr("as another user"))));
}

void BecomeNobody() {
  constexpr uid_t kNobody = 65534;
  if (syscall(SYS_setgroups, 0, nullptr) || setresgid(kNobody, kNobody, kNobody) ||
      setresuid(kNobody, kNobody, kNobody)) {
    _exit(3);
  }
}

TEST(Snapshot, WhatIsSetUserIdGetsItsRightsFromItsExecutable) {
  if (geteuid() != 0) GTEST_SKIP() << "lacks root, to make a file that gives its rights";
  test::TemporaryDirectory at;
  const std::string program = at.path() + "/program";
  fs::copy_file(test::HolderProgram(), program);
  chmod(at.path().c_str(), 0755);
  chmod(program.c_str(), 04755);
  const auto rights = Contains(HasSubstr("its executable does not give it"));
  const Holder holder({}, {.program = program, .prepare = BecomeNobody});
  const RelaunchSpec spec = Take(holder);
  EXPECT_THAT(spec.uids, ElementsAre(65534, 65534, 65534));
  EXPECT_THAT(spec.cannot_restore, Not(rights));
  chmod(program.c_str(), 0755);
  if (Take(holder).uids[1] != 0) GTEST_SKIP() << "lacks a file system that honours the bit";
  EXPECT_THAT(Take(holder).cannot_restore, rights);
}

// A user's program was given back with the rights that sudo or a login had had in its place.
TEST(Snapshot, NoProgramGetsTheRightsOfTheOneBeforeIt) {
  if (geteuid() != 0) GTEST_SKIP() << "lacks root, to make a file that gives its rights";
  test::TemporaryDirectory at;
  const std::string sudo = at.path() + "/sudo", own = at.path() + "/own ";
  for (const std::string& program : {sudo, own}) fs::copy_file(TAKE_TURNS, program);
  chmod(at.path().c_str(), 0755);
  chmod(sudo.c_str(), 04755);
  const pid_t turning = fork();
  if (turning == 0) {
    BecomeNobody();
    const std::string filling(100'000, 'x');  // takes a while to read
    setenv("FILLING", filling.c_str(), 1);
    execl(own.c_str(), own.c_str(), sudo.c_str(), nullptr);
    _exit(1);
  }
  const auto proc = ProcTree::Open();
  int seen = 0;
  for (int i = 0; i < 5000; ++i) {
    const auto id = Identify(*proc, turning);
    const auto spec = Snapshot(*proc, id.value().value(), {});
    if (spec.value().executable != own) continue;
    ++seen;
    if (spec->uids[0] != 0 && spec->uids[1] != 0) continue;
    ADD_FAILURE() << "try " << i << ", " << testing::PrintToString(spec->cannot_restore);
    break;
  }
  EXPECT_GT(seen, 0);
  kill(turning, SIGKILL);
  waitpid(turning, nullptr, 0);
}

// The update lets the link lead to its next version: the old one was started once more.
TEST(Snapshot, WhoWasStartedByALinkComesBackByIt) {
  test::TemporaryDirectory at;
  const std::string link = at.path() + "/current";
  fs::create_symlink(test::HolderProgram(), link);
  const Holder holder({}, {.program = link});
  EXPECT_EQ(Take(holder).executable, link);
  if (geteuid() == 0) {
    ASSERT_EQ(lchown(link.c_str(), 4242, 4242), 0);
    EXPECT_NE(Take(holder).executable, link) << "somebody else decides where it leads";
  }
  fs::remove(link);
  fs::create_symlink("/bin/true", link);
  EXPECT_EQ(Take(holder).executable, fs::canonical(test::HolderProgram()));
}

// It began as a second one of its parent.
TEST(Snapshot, WhoWasForkedIsAPartOfItsParent) {
  const pid_t child = fork();
  if (child == 0)
    while (true) pause();
  const auto proc = ProcTree::Open();
  const auto spec = Snapshot(*proc, Identify(*proc, child)->value_or(ProcessId{}), {});
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  ASSERT_TRUE(spec) << spec.error().message;
  const auto part = HasSubstr(fmt::format("a part of process {}", getpid()));
  EXPECT_THAT(spec->cannot_restore, Contains(part));
  EXPECT_THAT(Take(Holder({})).cannot_restore, Not(Contains(part)));
}

TEST(Snapshot, StandardStreams) {
  test::TemporaryDirectory at;
  const std::string log = at.Write("log", "12345");
  const Holder holder({}, {.prepare = [&] {
                        dup2(open("/dev/null", O_RDONLY), 0);
                        const int fd = open(log.c_str(), O_WRONLY | O_APPEND);
                        lseek(fd, 3, SEEK_SET);
                        dup2(fd, 2);
                      }});
  const RelaunchSpec spec = Take(holder);
  EXPECT_EQ(spec.streams[0].path, "");
  EXPECT_EQ(spec.streams[2].path, log);
  EXPECT_EQ(spec.streams[2].flags, O_WRONLY | O_APPEND);
  EXPECT_EQ(spec.streams[2].offset, 3u);
}

TEST(Snapshot, StreamsThatCannotComeBack) {
  test::TemporaryDirectory at;
  const std::string file = at.Write("file");
  const Holder holder({}, {.prepare = [&] {
                        UniqueFd terminal(posix_openpt(O_RDWR | O_NOCTTY));
                        unlockpt(terminal.get());
                        dup2(open(ptsname(terminal.get()), O_RDWR | O_NOCTTY), 0);
                        terminal.Reset();
                        dup2(open(file.c_str(), O_WRONLY), 2);
                        unlink(file.c_str());
                      }});
  EXPECT_THAT(Take(holder).cannot_restore,
              ElementsAre("Its standard input is a terminal.", "Its standard output is a pipe.",
                          "Its standard error is a file that was deleted."));
}

// It had not been opened with any rights, and would be then, by whoever brings it back.
TEST(Snapshot, AStreamThatOnlyNamesAFileCannotComeBack) {
  test::TemporaryDirectory at;
  const std::string secret = at.Write("secret");
  const Holder holder({}, {.prepare = [&] {
                        NoInput();
                        dup2(open(secret.c_str(), O_PATH), 2);
                      }});
  const RelaunchSpec spec = Take(holder);
  EXPECT_THAT(spec.cannot_restore, Contains(HasSubstr("has not opened")));
  EXPECT_EQ(spec.streams[2].object, ObjectId{});
}

// The file of one look, opened as another look has shown of another file.
TEST(Snapshot, WhoPutsAnotherFileInItsPlaceGetsNoRightsToTheFirst) {
  test::TemporaryDirectory at;
  const std::string secret = at.Write("secret"), own = at.Write("own");
  struct statx found {};
  ASSERT_EQ(statx(AT_FDCWD, secret.c_str(), 0, STATX_INO | STATX_BTIME, &found), 0);
  const pid_t flipping = fork();
  if (flipping == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close_range(1, ~0u, 0);
    const int named = open(secret.c_str(), O_PATH), opened = open(own.c_str(), O_RDWR);
    for (;;)
      for (const int fd : {named, opened}) dup2(fd, 0);
  }
  const auto proc = ProcTree::Open();
  int seen = 0;
  for (int i = 0; i < 3000; ++i) {
    const auto id = Identify(*proc, flipping);
    const auto spec = Snapshot(*proc, id.value().value(), {});
    const StandardStream& input = spec.value().streams[0];
    if (!input.path.empty()) ++seen;
    if (input.object != ObjectIdOf(found)) continue;
    ADD_FAILURE() << "try " << i << ", flags " << input.flags;
    break;
  }
  EXPECT_GT(seen, 0);
  kill(flipping, SIGKILL);
  waitpid(flipping, nullptr, 0);
}

TEST(Snapshot, InputThatWasBegunToBeReadCannotComeBack) {
  test::TemporaryDirectory at;
  const std::string script = at.Write("script", "12345");
  const Holder holder({}, {.prepare = [&] {
                        NoInput();
                        const int fd = open(script.c_str(), O_RDONLY);
                        lseek(fd, 5, SEEK_SET);
                        dup2(fd, 0);
                      }});
  const RelaunchSpec spec = Take(holder);
  EXPECT_THAT(spec.cannot_restore, Contains(HasSubstr("begun to read")));
  EXPECT_EQ(spec.streams[0].offset, 5u);
}

// tmux was stopped and started again, and with it ended all that its users had open in it.
TEST(Snapshot, WhoeverRunsOnATerminalOfItWouldEndWithIt) {
  const auto terminal = Contains(HasSubstr("terminal of other programs"));
  EXPECT_THAT(Take(Holder({}, {.prepare = [] { posix_openpt(O_RDWR | O_NOCTTY); }})).cannot_restore,
              terminal);
  EXPECT_THAT(Take(Holder({})).cannot_restore, Not(terminal));
}

// Only what rm-relaunch opens again is had again.
TEST(Snapshot, ADeviceThatActsWhenItIsOpenedCannotComeBack) {
  if (access("/dev/kmsg", W_OK) != 0) GTEST_SKIP() << "lacks a kernel log to write to";
  const Holder holder({}, {.prepare = [] {
                        dup2(open("/dev/zero", O_RDONLY), 0);
                        dup2(open("/dev/kmsg", O_WRONLY), 2);
                      }});
  EXPECT_THAT(Take(holder).cannot_restore,
              ElementsAre("Its standard output is a pipe.",
                          "Its standard error is a device that is not opened again."));
}

TEST(Snapshot, ReplacedExecutableIsFineDeletedIsNot) {
  test::TemporaryDirectory at;
  const std::string program = at.path() + "/program";
  fs::copy_file(test::HolderProgram(), program);
  const Holder holder({}, {.program = program, .prepare = NoInput});
  fs::remove(program);
  EXPECT_THAT(Take(holder).cannot_restore, Contains(HasSubstr("executable was deleted")));
  at.Write("program", "the new one");
  const RelaunchSpec spec = Take(holder);
  EXPECT_EQ(spec.executable, program);
  EXPECT_THAT(spec.cannot_restore, Not(Contains(HasSubstr("executable"))));
}

// Its old content was started once more, under the name that it has now.
TEST(Snapshot, WhoRunsAnExecutableThatWasMovedAsideIsBroughtBackAsTheNewOne) {
  test::TemporaryDirectory at;
  const std::string program = at.path() + "/program", old = program + ".old";
  fs::copy_file(test::HolderProgram(), program);
  const Holder holder({}, {.program = program, .prepare = NoInput});
  fs::rename(program, old);
  EXPECT_EQ(Take(holder, {program}).executable, program) << "the new one may come until then";
  EXPECT_EQ(Take(holder, {program}).moved_aside, old) << "or not";
  at.Write("program", "half of the new one");
  EXPECT_EQ(Take(holder, {program}).executable, program);
  EXPECT_EQ(Take(holder, {program}).moved_aside, old);
  EXPECT_EQ(Take(holder).executable, old) << "nobody updates it";
  EXPECT_EQ(Take(holder).moved_aside, "");
  chmod(program.c_str(), 0755);
  fs::remove(old);
  EXPECT_THAT(Take(holder, {program}).cannot_restore, Not(Contains(HasSubstr("executable"))));
}

TEST(Snapshot, OfSeveralNamesOfAnExecutableItIsTheOneThatItWasCalledBy) {
  test::TemporaryDirectory at;
  const std::string shell = at.path() + "/sh", list = at.path() + "/ls";
  fs::copy_file(test::HolderProgram(), shell);
  const Holder holder({}, {.program = shell, .prepare = NoInput});
  fs::rename(shell, shell + ".old");
  for (const std::string& name : {shell, list}) fs::copy_file(test::HolderProgram(), name);
  EXPECT_EQ(Take(holder, {list, shell}).executable, shell);
  EXPECT_EQ(Take(holder, {list, at.path() + "/cat"}).executable, shell + ".old");
}

// Written anew in place: the file that it runs is the new one.
TEST(Snapshot, AnExecutableThatIsStillUnderItsNameStaysWhatIsExecuted) {
  test::TemporaryDirectory at;
  const std::string program = at.path() + "/program", other = at.path() + "/other name";
  fs::copy_file(test::HolderProgram(), program);
  fs::create_hard_link(program, other);
  const Holder holder({}, {.program = program, .prepare = NoInput});
  EXPECT_EQ(Take(holder, {other}).executable, program);
}

TEST(Snapshot, OverwrittenArgumentsAreNoCommand) {
  const auto overwritten = Contains(HasSubstr("overwritten its arguments"));
  EXPECT_THAT(Take(Holder({"--title", "holder: master process"})).cannot_restore, overwritten);
  EXPECT_THAT(Take(Holder({"--title", std::string(30, 'x')})).cannot_restore, overwritten);
  EXPECT_THAT(Take(Holder({"--title-with-nuls"})).cannot_restore, overwritten);
  EXPECT_THAT(Take(Holder({"--path", "/tmp/../"})).cannot_restore, Not(overwritten));
}

// It failed for all that used the same file.
TEST(Snapshot, WhoseArgumentsHaveNoEndIsLookedAtAllTheSame) {
  const RelaunchSpec spec = Take(Holder({"--large-arguments"}));
  EXPECT_THAT(spec.arguments, IsEmpty());
  EXPECT_THAT(spec.cannot_restore, Contains(HasSubstr("overwritten its arguments")));
}

TEST(Snapshot, OtherRootAndNamespace) {
  if (geteuid() != 0) GTEST_SKIP() << "lacks root, to chroot and unshare";
  const Holder holder({"--root", "/usr"}, {.prepare = [] {
                        if (unshare(CLONE_NEWUTS)) _exit(3);
                      }});
  EXPECT_THAT(Take(holder).cannot_restore,
              testing::IsSupersetOf({"It has a root directory of its own.",
                                     "It lives in another host name namespace."}));
}

TEST(Snapshot, ProcessHasEndedOrIsAnotherOne) {
  const auto proc = ProcTree::Open();
  const Holder holder({});
  ProcessId other = holder.id();
  other.start_ticks += 1;
  const auto spec = Snapshot(*proc, other);
  ASSERT_FALSE(spec);
  EXPECT_EQ(spec.error().code, kBadArguments);
  EXPECT_THAT(spec.error().message, HasSubstr("has ended"));
}

}  // namespace
}  // namespace rm
