// Does Launch say truly what became of the program, and does rm-relaunch refuse what it should?
#include "apps/launch.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <map>
#include <sstream>

#include "apps/ask.h"
#include "apps/report.h"
#include "apps/testing/programs.h"
#include "base/win32_codes.h"

namespace rm {
namespace {

using ::testing::HasSubstr;
using namespace rm::testing;

class Launched : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::copy_file(DUMP_SELF, directory_ / "program");
    chmod((directory_ / "program").c_str(), 0755);
    std::filesystem::create_directory(directory_ / "specs");
    chmod((directory_ / "specs").c_str(), 0700);
    WriteAll(directory_ / "out", "");
    spec_ = LikeUs(directory_ / "program", directory_ / "out");
  }

  Result<ProcessId> Run() {
    auto file = WriteSpecFile(directory_ / "specs", "spec", spec_);
    EXPECT_TRUE(file) << file.error().message;
    auto process = Launch(RM_RELAUNCH, *file);
    std::filesystem::remove(*file);
    return process;
  }

  // Runs the program until it has told about itself, and ends it.
  std::string Told() {
    const auto process = Run();
    EXPECT_TRUE(process) << process.error().message;
    if (!process) return "";
    const std::string text = AwaitText(directory_ / "out", "end\n");
    EndIt(*process);
    return text;
  }

  static void EndIt(const ProcessId& process) {
    const auto pidfd = OpenProcess(process);
    ASSERT_TRUE(pidfd) << pidfd.error().message;
    EXPECT_TRUE(End(pidfd->get()));
    EXPECT_TRUE(AwaitEnd(process));
  }

  // rm-relaunch as its own program: status, and what it says on its standard error.
  int RunAlone(const std::string& file, std::string* said = nullptr, uid_t uid = geteuid()) {
    WriteAll(directory_ / "err", "");
    const int error = open((directory_ / "err").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
    const pid_t child = Fork([&] {
      dup2(error, 2);
      if (uid != geteuid() && setresuid(uid, uid, uid) != 0) _exit(98);
      execl(RM_RELAUNCH, "rm-relaunch", file.c_str(), nullptr);
    });
    close(error);
    const int status = Await(child);
    if (said) *said = ReadAll(directory_ / "err");
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  // What rm-relaunch was run on alone stays.
  std::string Written() {
    std::filesystem::remove(directory_ / "specs/spec");
    return *WriteSpecFile(directory_ / "specs", "spec", spec_);
  }

  const Directory directory_;
  RelaunchSpec spec_;
};

// Of zeros. False: the kernel does not let it be moved.
bool HaveCommandLineOf(size_t bytes) {
  void* const place = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (place == MAP_FAILED) return false;
  std::istringstream numbers(ReadAll("/proc/self/stat"));
  numbers.ignore(1 << 20, ')');
  std::string state;
  numbers >> state;
  std::map<int, uint64_t> field;  // as proc(5) counts them
  for (int at = 4; numbers >> field[at]; ++at) continue;
  prctl_mm_map moved{};
  moved.start_code = field[26], moved.end_code = field[27], moved.start_stack = field[28];
  moved.start_data = field[45], moved.end_data = field[46];
  moved.start_brk = field[47], moved.brk = reinterpret_cast<uintptr_t>(sbrk(0));
  moved.arg_start = reinterpret_cast<uintptr_t>(place), moved.arg_end = moved.arg_start + bytes - 1;
  moved.env_start = field[50], moved.env_end = field[51];
  moved.exe_fd = UINT32_MAX;
  return prctl(PR_SET_MM, PR_SET_MM_MAP, &moved, sizeof moved, 0) == 0;
}

TEST_F(Launched, ProgramIsNobodysChildAndInASessionOfItsOwn) {
  const auto process = Run();
  ASSERT_TRUE(process) << process.error().message;
  EXPECT_EQ(Identify(process->pid), *process);
  EXPECT_EQ(getsid(process->pid), process->pid);
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
  EndIt(*process);
}

TEST_F(Launched, ProgramThatIsGoneIsAFailureThatNamesIt) {
  spec_.executable = directory_ / "no such program";
  const auto process = Run();
  ASSERT_FALSE(process);
  EXPECT_EQ(process.error().code, kFailRestart);
  EXPECT_THAT(process.error().message, HasSubstr("no such program"));
}

TEST_F(Launched, StateThatCannotBeHadIsAFailureAndNothingRuns) {
  spec_.limits = {{12345, 1, 1}};
  const auto process = Run();
  ASSERT_FALSE(process);
  EXPECT_THAT(process.error().message, HasSubstr("12345"));
  EXPECT_EQ(ReadAll(directory_ / "out"), "");
}

TEST_F(Launched, ProgramIsNotStartedBesideTheOneThatItReplaces) {
  spec_.was = Identify(getpid());
  const auto waits = Run();
  ASSERT_TRUE(waits) << waits.error().message;
  EndIt(*waits);
  EXPECT_EQ(ReadAll(directory_ / "out"), "");
}

TEST_F(Launched, ProgramThatLeavesLateIsReplacedThen) {
  const pid_t leaves_late = Fork([] { pause(); });
  spec_.was = Identify(leaves_late);
  const auto replaces = Launch(RM_RELAUNCH, Written());
  ASSERT_TRUE(replaces) << replaces.error().message;
  EXPECT_EQ(ReadAll(LateFile(directory_ / "specs", spec_.was)), "") << "no secrets lie about";
  ASSERT_EQ(kill(leaves_late, SIGKILL), 0);
  Await(leaves_late);
  EXPECT_THAT(AwaitText(directory_ / "out", "end\n"), HasSubstr("end\n"));
  EXPECT_FALSE(std::filesystem::exists(directory_ / "specs/spec"));
  EndIt(*replaces);
}

TEST_F(Launched, ProgramThatWasKilledForAnInstallerCameBackTooEarly) {
  const pid_t leaves_late = Fork([] { pause(); });
  spec_.was = Identify(leaves_late);
  const auto waits = Launch(RM_RELAUNCH, Written());
  ASSERT_TRUE(waits) << waits.error().message;
  ASSERT_TRUE(std::filesystem::remove(LateFile(directory_ / "specs", spec_.was)));
  ASSERT_EQ(kill(leaves_late, SIGKILL), 0);
  Await(leaves_late);
  EXPECT_TRUE(AwaitEnd(*waits));
  EXPECT_EQ(ReadAll(directory_ / "out"), "");
}

TEST_F(Launched, ProgramThatTwoAreToBringBackRunsOnce) {
  const std::string file = Written();
  const auto process = Launch(RM_RELAUNCH, file);
  ASSERT_TRUE(process) << process.error().message;
  EXPECT_TRUE(Launch(RM_RELAUNCH, file)) << "the file says that it was started";
  std::filesystem::remove(file);
  EXPECT_TRUE(Launch(RM_RELAUNCH, file)) << "the file is gone";
  const std::string said = AwaitText(directory_ / "out", "end\n");
  EndIt(*process);
  EXPECT_EQ(said.find("end\n"), said.size() - 4);
}

TEST_F(Launched, WhoWasKilledMeanwhileIsStillWaitedFor) {
  spec_.executable = "/bin/true";
  const std::string file = Written(), whole = ReadAll(file), head = SpecFileHead({1, 1});
  EXPECT_TRUE(LookAtSpecFile(file).waiting);
  WriteAll(file, head + whole.substr(head.size()));
  const SpecFileState killed = LookAtSpecFile(file);
  EXPECT_TRUE(killed.waiting);
  EXPECT_FALSE(killed.started || killed.gone);
  EXPECT_EQ(killed.failure, "");
  EXPECT_EQ(RunAlone(file), 0);
  EXPECT_TRUE(LookAtSpecFile(file).started);
  std::filesystem::remove(file);
  EXPECT_TRUE(LookAtSpecFile(file).gone);
}

TEST_F(Launched, WhoIsAtItIsSeen) {
  const std::string file = Written();
  EXPECT_FALSE(LookAtSpecFile(file).busy);
  const int locked = open(file.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(flock(locked, LOCK_EX), 0);
  EXPECT_TRUE(LookAtSpecFile(file).busy);
  close(locked);
}

TEST_F(Launched, MissingRelaunchProgramIsAFailure) {
  const auto process = Launch(directory_ / "none", Written());
  ASSERT_FALSE(process);
  EXPECT_THAT(process.error().message, HasSubstr("cannot be started"));
}

TEST_F(Launched, RelaunchProgramThatJustEndsIsAFailure) {
  const auto process = Launch("/bin/true", Written());
  ASSERT_FALSE(process);
  EXPECT_THAT(process.error().message, HasSubstr("ended before"));
}

TEST_F(Launched, RelaunchProgramThatHangsIsEndedAtTheLimit) {
  const auto process = Launch(DUMP_SELF, Written(), Milliseconds{50});
  ASSERT_FALSE(process);
  EXPECT_EQ(process.error().code, kSemTimeout);
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
}

TEST_F(Launched, SurroundingsOfTheCallerDoNotReachTheProgram) {
  setenv("NOTIFY_SOCKET", "/run/x", 1);
  setenv("INVOCATION_ID", "1", 1);
  const int leaked = open("/dev/null", O_RDONLY);  // without O_CLOEXEC
  spec_.environment = {"ONLY=this"};
  const std::string text = Told();
  close(leaked);
  EXPECT_THAT(text, HasSubstr("variable 0 [ONLY=this]\ndirectory"));
  EXPECT_THAT(text, ::testing::Not(HasSubstr("fd 3 ")));
  EXPECT_THAT(text, HasSubstr("fd 0 [/dev/null]"));
}

TEST_F(Launched, StreamThatIsNowASymbolicLinkOrAFifoBecomesNull) {
  const std::string link = directory_ / "link", fifo = directory_ / "fifo";
  std::filesystem::create_symlink(directory_ / "victim", link);
  WriteAll(directory_ / "victim", "");
  mkfifo(fifo.c_str(), 0600);
  spec_.streams[0] = {fifo, O_RDONLY, 0};
  spec_.streams[2] = {link, O_WRONLY | O_APPEND, 0};
  const std::string text = Told();
  EXPECT_THAT(text, HasSubstr("fd 0 [/dev/null]"));
  EXPECT_THAT(text, HasSubstr("fd 2 [/dev/null]"));
}

// The journal took the rest of such a name for a line of root's, and the number in it for its
// priority.
TEST_F(Launched, NameOfSeveralLinesIsToldInOne) {
  const std::string name = directory_ / "log\n<0>all is lost\x1b[2J";
  spec_.executable = name;
  spec_.streams[2] = {name, O_WRONLY, 0};
  std::string said;
  RunAlone(*WriteSpecFile(directory_ / "specs", "spec", spec_), &said);
  EXPECT_THAT(said, HasSubstr("stream 2 was " + directory_.path() + "/log <0>all is lost [2J"));
  EXPECT_THAT(said, HasSubstr("log <0>all is lost [2J cannot be run"));
}

// Its parent is who decides what its next children are.
TEST_F(Launched, ACommandLineWithoutEndIsNotReadToItsEnd) {
  constexpr size_t kCommandLine = 512 << 20;
  int ready[2];
  ASSERT_EQ(pipe2(ready, O_CLOEXEC), 0);
  const pid_t endless = Fork([&] {
    if (HaveCommandLineOf(kCommandLine) && write(ready[1], "x", 1) == 1)
      while (true) pause();
    _exit(1);
  });
  close(ready[1]);
  char one;
  const bool is_endless = read(ready[0], &one, 1) == 1;
  close(ready[0]);
  spec_.parent = Identify(getpid());
  spec_.captured_ticks = 0;
  const auto file = WriteSpecFile(directory_ / "specs", "spec", spec_);
  const pid_t child = Fork([&] { execl(RM_RELAUNCH, "rm-relaunch", file->c_str(), nullptr); });
  EXPECT_THAT(AwaitText(directory_ / "out", "end\n"), ::testing::EndsWith("end\n"));
  kill(child, SIGKILL);
  rusage used{};  // also before it became the program
  EXPECT_EQ(wait4(child, nullptr, 0, &used), child);
  EXPECT_LT(static_cast<size_t>(used.ru_maxrss) << 10, kCommandLine / 2);
  kill(endless, SIGKILL);
  Await(endless);
  if (!is_endless) GTEST_SKIP() << "lacks a kernel that lets a process move its arguments";
}

TEST_F(Launched, OffsetBehindTheEndOfAShortenedFileIsItsEnd) {
  WriteAll(directory_ / "in", "123");
  spec_.streams[0] = {directory_ / "in", O_RDONLY, 1 << 20};
  EXPECT_THAT(Told(), HasSubstr("in] flags 0100000 offset 3"));
}

// Its log was opened for it, and where it was started was no place of its user's: as a user it had
// no log any more, and did not start.
TEST_F(Launched, LogAndDirectoryOfOthersAreTheSameAgain) {
  if (geteuid() != 0) GTEST_SKIP() << "becoming another user needs root";
  constexpr uid_t kNobody = 65534;
  const std::string closed = directory_ / "closed";
  ASSERT_TRUE(std::filesystem::create_directory(closed));
  std::filesystem::copy_file(directory_ / "out", closed + "/log");
  ASSERT_EQ(chmod(closed.c_str(), 0700), 0);
  const auto object = [](const std::string& path) {
    struct statx found {};
    EXPECT_EQ(statx(AT_FDCWD, path.c_str(), 0, STATX_INO | STATX_BTIME, &found), 0);
    return ObjectIdOf(found);
  };
  ASSERT_EQ(chmod(directory_.path().c_str(), 0755), 0);
  spec_.uids = {kNobody, kNobody, kNobody};
  spec_.capabilities_permitted = spec_.capabilities_effective = 0;
  spec_.directory = closed;
  spec_.directory_object = object(closed);
  spec_.streams[1] = {closed + "/log", O_WRONLY | O_APPEND, 0, object(closed + "/log")};
  const auto process = Run();
  ASSERT_TRUE(process) << process.error().message;
  EXPECT_THAT(AwaitText(closed + "/log", "end\n"), HasSubstr("end\n"));
  EndIt(*process);
  // Another object is none of its.
  ++spec_.streams[1].object.inode;
  const auto without = Run();
  ASSERT_TRUE(without) << without.error().message;
  EXPECT_EQ(std::filesystem::read_symlink(fmt::format("/proc/{}/fd/1", without->pid)), "/dev/null");
  EndIt(*without);
  ++spec_.directory_object.inode;
  EXPECT_THAT(Run().error().message, HasSubstr("cannot be entered"));
}

TEST_F(Launched, SpecFileMustBeOursAlone) {
  std::string file = Written(), said;
  chmod(file.c_str(), 0640);
  EXPECT_EQ(RunAlone(file, &said), 125);
  EXPECT_THAT(said, HasSubstr("closed to everybody else"));
  chmod(file.c_str(), 0600);
  const std::string link = directory_ / "link";
  std::filesystem::create_symlink(file, link);
  EXPECT_EQ(RunAlone(link), 125);
  EXPECT_EQ(RunAlone(directory_ / "specs"), 125);
  const std::string fifo = directory_ / "fifo";
  mkfifo(fifo.c_str(), 0600);
  EXPECT_EQ(RunAlone(fifo), 125);
  const std::string second = directory_ / "second-name";
  std::filesystem::create_hard_link(file, second);
  EXPECT_EQ(RunAlone(file), 125);
  std::filesystem::remove(second);
  EXPECT_TRUE(std::filesystem::exists(file));
  if (geteuid() == 0) {
    EXPECT_EQ(chown(file.c_str(), 65534, 65534), 0);
    EXPECT_EQ(RunAlone(file), 125);
  }
}

TEST_F(Launched, SpecThatIsDamagedOrNamesNoAbsolutePathIsRefused) {
  std::string said;
  WriteAll(directory_ / "garbage", "rm-relaunch 4\n\xff\xff\xff\xff\xff\xff\xff\xff");
  EXPECT_EQ(RunAlone(directory_ / "garbage", &said), 125);
  EXPECT_THAT(said, HasSubstr("damaged"));
  spec_.executable = "program";
  EXPECT_EQ(RunAlone(Written(), &said), 125);
  EXPECT_THAT(said, HasSubstr("absolute"));
}

// It is the new one that is run, if there is one by then.
TEST_F(Launched, WhatWasMovedAsideIsRunOnlyIfNothingCanBeRunInItsPlace) {
  const std::string out = directory_ / "out";
  spec_.executable = directory_ / "new";
  spec_.moved_aside = directory_ / "program";
  EXPECT_THAT(Told(), HasSubstr("end")) << "there is none";
  WriteAll(directory_ / "new", "#!/bin/sh\necho the new one; echo end\n", 0600);
  WriteAll(out, "");
  EXPECT_THAT(Told(), ::testing::Not(HasSubstr("the new one"))) << "which nobody may run";
  chmod((directory_ / "new").c_str(), 0755);
  WriteAll(out, "");
  ASSERT_TRUE(Run());
  EXPECT_THAT(AwaitText(out, "end\n"), HasSubstr("the new one"));
  spec_.executable = spec_.moved_aside = directory_ / "none";
  EXPECT_EQ(RunAlone(Written()), 127);
  spec_.moved_aside = "program";
  std::string said;
  EXPECT_EQ(RunAlone(Written(), &said), 125);
  EXPECT_THAT(said, HasSubstr("absolute"));
}

TEST_F(Launched, StatusTellsWhyTheProgramWasNotRun) {
  spec_.executable = directory_ / "none";
  std::string file = Written();
  EXPECT_EQ(RunAlone(file), 127);
  EXPECT_THAT(LookAtSpecFile(file).failure, HasSubstr("none"));
  WriteAll(directory_ / "data", "no program", 0600);
  spec_.executable = directory_ / "data";
  EXPECT_EQ(RunAlone(Written()), 126);
  spec_.executable = directory_ / "program";
  spec_.directory = directory_ / "gone";
  std::string said;
  EXPECT_EQ(RunAlone(Written(), &said), 125);
  EXPECT_THAT(said, HasSubstr("gone cannot be entered"));
}

// Everything that a user may not have: one at a time, in a state that is equal otherwise.
TEST_F(Launched, WithoutPrivilegeNothingMoreThanWhatIsThereCanBeHad) {
  if (geteuid() != 0) GTEST_SKIP() << "becoming another user needs root";
  constexpr uid_t kNobody = 65534;
  spec_.uids = {kNobody, kNobody, kNobody};
  spec_.capabilities_permitted = spec_.capabilities_effective = 0;
  spec_.executable = "/bin/true";
  spec_.streams = {};
  const std::string file = directory_ / "specs/nobody";
  ASSERT_EQ(chmod((directory_ / "specs").c_str(), 0777), 0);
  const auto run = [&](const RelaunchSpec& spec) {
    WriteAll(file, SpecFileHead({}) + Serialize(spec));
    EXPECT_EQ(chown(file.c_str(), kNobody, kNobody), 0);
    const int status = RunAlone(file, nullptr, kNobody);
    std::filesystem::remove(file);
    return status;
  };
  EXPECT_EQ(run(spec_), 0);
  RelaunchSpec more = spec_;
  more.uids = {0, 0, 0};
  EXPECT_EQ(run(more), 125);
  more = spec_;
  more.gids[2] = 7;
  EXPECT_EQ(run(more), 125);
  more = spec_;
  more.groups.push_back(7);
  EXPECT_EQ(run(more), 125);
  more = spec_;
  more.nice = -20;  // below whatever the tests run at
  EXPECT_EQ(run(more), 125);
  more = spec_;
  more.capabilities_inheritable = more.capabilities_ambient = 1;
  EXPECT_EQ(run(more), 125);
  more = spec_;
  more.capabilities_bounding &= ~uint64_t{1};
  EXPECT_EQ(run(more), 125);
  more = spec_;
  more.oom_score_adjust = -999;
  EXPECT_EQ(run(more), 125);
  more = spec_;
  more.scheduler_policy = 1;
  more.scheduler_priority = 10;
  EXPECT_EQ(run(more), 125);
}

TEST_F(Launched, SpecFileIsWrittenOnceAndOnlyWhereNobodyElseMayLook) {
  const std::string file = Written();
  struct stat found;
  ASSERT_EQ(stat(file.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 07777, 0600u);
  EXPECT_EQ(WriteSpecFile(directory_ / "specs", "spec", spec_).error().code, kWriteFault);
  EXPECT_EQ(WriteSpecFile(directory_ / "specs", "../spec", spec_).error().code, kBadArguments);
  EXPECT_EQ(WriteSpecFile(directory_.path(), "spec", spec_).error().code, kAccessDenied);
  std::filesystem::create_directory_symlink(directory_ / "specs", directory_ / "link");
  EXPECT_EQ(WriteSpecFile(directory_ / "link", "other", spec_).error().code, kWriteFault);
}

TEST(LaunchReport, LeavesOutWhatWasCutShort) {
  const std::string all = ProcessLine({7, 8}) + StartingLine() + FailedLine("It\nis gone.");
  const LaunchReport report = ParseLaunchReport(all);
  EXPECT_EQ(report.process, (ProcessId{7, 8}));
  EXPECT_TRUE(report.started);
  EXPECT_EQ(report.failure, "It is gone.");
  EXPECT_EQ(ParseLaunchReport(all.substr(0, all.size() - 1)).failure, "");
  EXPECT_FALSE(ParseLaunchReport("process 1 2\nstartin").started);
}

TEST(SpecFileText, IsDoneWhenNothingFollowsItsHead) {
  const std::string head = SpecFileHead({7, 8});
  EXPECT_EQ(SpecFileHead({4'000'000, UINT64_MAX}).size(), head.size());
  EXPECT_TRUE(ParseSpecFile(head).started);
  EXPECT_EQ(ParseSpecFile(head).process, (ProcessId{7, 8}));
  EXPECT_FALSE(ParseSpecFile(SpecFileHead({})).started) << "cut short before anybody was at it";
  EXPECT_FALSE(ParseSpecFile(head + "x").started);
  EXPECT_EQ(ParseSpecFile(head + "x").spec, "x");
  for (size_t size = 0; size < head.size(); ++size) {
    const SpecFileText cut = ParseSpecFile(std::string_view(head).substr(0, size));
    EXPECT_TRUE(!cut.started && cut.spec.empty() && cut.failure.empty()) << size;
  }
}

// A program's arguments may have lines of any kind.
TEST(SpecFileText, LinesBehindItsHeadAreNotOurs) {
  const SpecFileText waiting = ParseSpecFile(SpecFileHead({7, 8}) + "a\nfailed b\nstarting\n");
  EXPECT_TRUE(waiting.failure.empty() && !waiting.started);
  const SpecFileText failed =
      ParseSpecFile(ProcessLine({7, 8}) + FailedLine("c") + "d\nfailed e\n");
  EXPECT_EQ(failed.failure, "c");
  EXPECT_EQ(failed.spec, "");
}

}  // namespace
}  // namespace rm
