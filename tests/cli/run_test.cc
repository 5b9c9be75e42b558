#include <signal.h>

#include <fstream>

#include "restartctl.h"

namespace rm::cli {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class RunCommand : public RestartctlTest {
 protected:
  std::vector<std::string> Run(std::vector<std::string> options, std::vector<std::string> command) {
    std::vector<std::string> all{"run", "-f", holders_.file()};
    all.insert(all.end(), options.begin(), options.end());
    all.push_back("--");
    all.insert(all.end(), command.begin(), command.end());
    return all;
  }
  std::vector<std::string> Whole(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), RESTARTCTL);
    return arguments;
  }
};

TEST_F(RunCommand, TheFileIsReplacedWhileNobodyUsesItAndEverybodyIsBackOnTheNewOne) {
  Start(3);
  const auto before = Pids(3);
  const Said said = Restartctl(Run({"--relaunch"}, Replacement("new")));
  EXPECT_EQ(said.status, 0) << said.err;
  EXPECT_THAT(Contents(3), Each(StartsWith("new")));
  for (const DWORD pid : before) EXPECT_THAT(Pids(3), Not(::testing::Contains(pid)));
}

TEST_F(RunCommand, EverybodyIsBackWhenTheCommandFailsAndItsStatusIsKept) {
  Start(2);
  EXPECT_EQ(Restartctl(Run({"--relaunch"}, {"sh", "-c", "exit 7"})).status, 7);
  EXPECT_THAT(Contents(2), Each(StartsWith("old")));
}

TEST_F(RunCommand, EverybodyIsBackWhenTheCommandIsKilled) {
  Start(1);
  EXPECT_EQ(Restartctl(Run({"--relaunch"}, {"sh", "-c", "kill -KILL $$"})).status, 128 + SIGKILL);
  EXPECT_THAT(Contents(1), ElementsAre("old"));
}

TEST_F(RunCommand, EverybodyIsBackWhenTheCommandCannotBeExecuted) {
  Start(1);
  EXPECT_EQ(Restartctl(Run({"--relaunch"}, {"no-such-command-anywhere"})).status, 127);
  EXPECT_EQ(Restartctl(Run({"--relaunch"}, {"/dev/null"})).status, 126);
  EXPECT_THAT(Contents(1), ElementsAre("old"));
}

TEST_F(RunCommand, ATypingErrorStopsNobody) {
  Start(1);
  const auto before = Pids(1);
  EXPECT_EQ(Restartctl({"run", "-f", holders_.file(), holders_.file() + "x", "--", "true"}).status,
            124);
  EXPECT_EQ(Restartctl({"run", "-f", holders_.file(), "-s", "no-such-unit", "--", "true"}).status,
            124);
  EXPECT_EQ(Restartctl({"run", "-f", holders_.file(), "-p", "4194303", "--", "true"}).status, 124);
  EXPECT_EQ(Pids(1), before);
  EXPECT_EQ(Restartctl({"run", "--missing-ok", "-f", holders_.file() + "x", "--", "true"}).status,
            0);
}

TEST_F(RunCommand, ADryRunShowsThePlanAndDoesNothing) {
  Start(1);
  const auto before = Pids(1);
  const Said said = Restartctl(Run({"--relaunch", "--dry-run"}, {"true"}));
  EXPECT_EQ(said.status, 0);
  EXPECT_THAT(said.out, HasSubstr("stop restartctl (pid " + std::to_string(before[0])));
  EXPECT_EQ(Pids(1), before);
}

TEST_F(RunCommand, WhatHasNoWayBackIsSaidBeforeAndTheStatusIs122) {
  Start(1);
  const Said said = Restartctl(Run({}, {"true"}));
  EXPECT_EQ(said.status, 122);
  EXPECT_THAT(said.err, HasSubstr("is going to be stopped and does not come back"));
  EXPECT_THAT(said.err, HasSubstr("the command itself ended with status 0"));
}

TEST_F(RunCommand, OnlyRegisteredStopsNobodyWhoCannotComeBack) {
  Start(1);
  const auto before = Pids(1);
  EXPECT_EQ(Restartctl(Run({"--only-registered"}, {"true"})).status, 120);
  EXPECT_EQ(Pids(1), before);
}

TEST_F(RunCommand, TheCallingShellIsLeftRunningAndNamed) {
  const Said said = Shell("sh", "exec 7<" + holders_.file() + "; $R run -f " + holders_.file() +
                                    " -- true; echo still here $?");
  EXPECT_EQ(said.out, "still here 0\n") << said.err;
  EXPECT_THAT(said.err, HasSubstr("left running: "));
  EXPECT_THAT(said.err, HasSubstr("fd 7 " + holders_.file()));
}

TEST_F(RunCommand, TheCallingShellIsNamedAlsoWhereItWasAskedFor) {
  const Said said = Shell("sh", "$R run -p $$ -- true");
  EXPECT_EQ(said.status, 0);
  EXPECT_THAT(said.err, HasSubstr("left running: "));
  EXPECT_THAT(said.err, HasSubstr("asked for"));
}

TEST_F(RunCommand, AnEmptyListOfFilesIsAMistake) {
  const Said said = Shell("sh", "$R run --files-from - -- echo ran </dev/null");
  EXPECT_EQ(said.status, 124);
  EXPECT_EQ(said.out, "");
  EXPECT_THAT(said.err, HasSubstr("standard input names no file; nothing was stopped"));
}

TEST_F(RunCommand, WhoReadsItsOutputIsLeftRunning) {
  const Said said = Shell("sh", "exec 7<" + holders_.file() + "; $R run -f " + holders_.file() +
                                    " -- echo through | { cat; echo to the end; }");
  EXPECT_EQ(said.out, "through\nto the end\n") << said.err;
}

TEST_F(RunCommand, WhoIsLeftRunningOnTheOldFileIsDeferred) {
  const auto replace = Replacement("new");
  const Said said = Shell("sh", "exec 7<" + holders_.file() + "; $R run -f " + holders_.file() +
                                    " -- mv " + replace[1] + " " + replace[2]);
  EXPECT_EQ(said.status, 0);
  EXPECT_THAT(said.err, HasSubstr("deferred: "));
  EXPECT_THAT(said.err, HasSubstr(holders_.file() + " (replaced)"));
}

TEST_F(RunCommand, WhoCannotBeBroughtBackAsItWasIsDeferred) {
  const auto replace = Replacement("new");
  const std::string file = holders_.file();
  // Reads from a pipe, and ends with it.
  const Said said = Shell(
      "sh", "mkfifo " + holders_.directory() + "/pipe; sh -c 'exec 7<" + file + "; exec cat' <" +
                holders_.directory() + "/pipe >/dev/null 2>&1 & exec 8>" + holders_.directory() +
                "/pipe; until $R who " + file + " | grep cat; do :; done; exec 9>&8 8>&-; " +
                "$R run --dry-run --relaunch -f " + file + " 9>&-; $R run --relaunch -f " + file +
                " -- mv " + replace[1] + " " + replace[2] + " 9>&-; s=$?; exec 9>&-; exit $s");
  EXPECT_EQ(said.status, 0) << said.err;
  EXPECT_THAT(said.err, HasSubstr("restartctl: deferred: cat"));
  EXPECT_THAT(said.err, Not(HasSubstr("left over")));
  // No filter says so.
  EXPECT_THAT(said.out, HasSubstr("): it did not register for restart and cannot be relaunched"));
  EXPECT_THAT(said.out, Not(HasSubstr("masked")));
}

// Its limits could not be had again when it was down.
TEST_F(RunCommand, NobodyIsLostToACallerWithLowerLimits) {
  Start(1);
  const Said said =
      Shell("sh", "ulimit -n 100; $R run --relaunch -f " + holders_.file() + " -- true");
  EXPECT_EQ(said.status, 0) << said.err;
  EXPECT_THAT(Contents(1), ElementsAre("old"));
}

TEST_F(RunCommand, WhoHasTheOldFileAgainIsLeftOverAndTheStatusIs119) {
  Start(1);
  const auto replace = Replacement("new");
  const std::string kept = holders_.directory() + "/kept";
  const std::string json = holders_.directory() + "/events";
  // Somebody who was not there to be stopped gets at it by another name.
  const Said said =
      Shell("sh", "ln " + holders_.file() + " " + kept + "; $R run --relaunch --json-file " + json +
                      " -f " + holders_.file() + " -- sh -c 'sleep 60 <" + kept + " & echo $! >" +
                      holders_.directory() + "/late; mv " + replace[1] + " " + replace[2] +
                      "'; s=$?; " + "kill $(cat " + holders_.directory() + "/late); exit $s");
  EXPECT_EQ(said.status, 119) << said.err;
  EXPECT_THAT(said.err, HasSubstr("left over: sleep"));
  std::ifstream file(json);
  const std::string lines{std::istreambuf_iterator<char>(file), {}};
  EXPECT_THAT(lines, HasSubstr("\"cured\":[{\"name\":\"restartctl"));
  EXPECT_THAT(lines, HasSubstr("\"left_over\":[{\"name\":\"sleep"));
}

// Takes the 30 s that a program has to leave. Killed late it is brought back, and goes with the
// file.
TEST_F(RunCommand, WhoStaysIsRefusedAndTheOthersAreBackAndTheStatusIs120) {
  Start(1);
  const std::string json = holders_.directory() + "/events";
  const std::string file = holders_.file();
  const Said said = Shell(
      "sh", "sh -c 'trap : TERM HUP; exec 7<" + file + "; while [ -e " + file +
                " ]; do sleep 1 7<&-; done' </dev/null >/dev/null 2>&1 & who=$!; until $R who " +
                file +
                " | grep -q \"pid $who\"; do :; done; "
                "$R run --relaunch --json-file " +
                json + " -f " + file + " -- true; s=$?; kill -KILL $who; echo $who; exit $s");
  EXPECT_EQ(said.status, 120) << said.err;
  const std::string who = "sh (pid " + said.out.substr(0, said.out.find('\n')) + ")";
  EXPECT_THAT(said.err, HasSubstr(who + " could not be stopped: it did not leave in time"));
  EXPECT_THAT(said.err, HasSubstr(who + ": fd "));
  EXPECT_THAT(said.err, HasSubstr("restartctl: refused: "));
  EXPECT_THAT(said.err, HasSubstr("restartctl: restarted: restartctl"));
  EXPECT_THAT(Contents(1), ElementsAre("old"));
  std::ifstream events(json);
  const std::string lines{std::istreambuf_iterator<char>(events), {}};
  EXPECT_THAT(lines, HasSubstr(who + "\",\"why\":\"fd "));
  EXPECT_THAT(lines, HasSubstr("\"left_over\":[],\"refused\":[{"));
  EXPECT_THAT(lines, HasSubstr("\"summary\",\"exit_code\":120"));
}

TEST_F(RunCommand, TheCommandsOutputIsItsOwnAndJsonGoesElsewhere) {
  Start(1);
  const std::string json = holders_.directory() + "/events";
  const Said said = Restartctl(Run({"--relaunch", "-q", "--json-file", json}, {"echo", "mine"}));
  EXPECT_EQ(said.out, "mine\n");
  EXPECT_EQ(said.err, "");
  std::ifstream file(json);
  const std::string lines{std::istreambuf_iterator<char>(file), {}};
  EXPECT_THAT(lines, StartsWith("{\"event\":\"hold\""));
  EXPECT_THAT(lines, HasSubstr("{\"event\":\"command_ended\",\"exit_code\":0"));
  EXPECT_THAT(lines, HasSubstr("{\"event\":\"summary\",\"exit_code\":0"));
}

// PID 1 is critical to everybody; -p asks for it.
TEST_F(RunCommand, WhyItWasRefusedIsOneTextForAProgramAndLinesForAPerson) {
  const Said json = Restartctl({"run", "--json", "-p", "1", "--", "true"});
  EXPECT_EQ(json.status, 121) << json.err;
  EXPECT_THAT(json.err, HasSubstr("\\nin the way: "));
  EXPECT_THAT(json.err, Not(HasSubstr("restartctl: ")));
  const Said said = Restartctl({"run", "-p", "1", "--", "true"});
  EXPECT_THAT(said.err, HasSubstr("\nrestartctl: in the way: "));
  EXPECT_THAT(said.err, HasSubstr("\nrestartctl: use --leave-critical"));
}

TEST_F(RunCommand, FilesCanBeListed) {
  Start(1);
  const Said said = Shell("sh", "printf '%s\\0' " + holders_.file() +
                                    " | $R run --relaunch --files-from - -- echo done");
  EXPECT_EQ(said.out, "done\n");
  EXPECT_THAT(said.err, HasSubstr("is back"));
}

// Nothing ended it as long as somebody kept it waiting for names.
TEST_F(RunCommand, ASignalEndsItWhileItReadsNames) {
  const std::string names = holders_.directory() + "/names";
  const Said said =
      Shell("sh", "mkfifo " + names + "; $R run --files-from " + names + " -- echo ran & exec 9>" +
                      names + "; kill -TERM $!; exec 9>&-; wait $!");
  EXPECT_EQ(said.status, 128 + SIGTERM);
  EXPECT_EQ(said.out, "");
}

TEST_F(RunCommand, ANameHasNoControlOverTheTerminal) {
  const Said run = Restartctl({"run", "-s", "a\x1b[31mb", "--", "true"});
  EXPECT_EQ(run.status, 124);
  EXPECT_THAT(run.err, HasSubstr("a\\x1b[31mb"));
  const Said explain = Restartctl({"explain", "a\x1b[31mb"});
  EXPECT_EQ(explain.status, 124);
  EXPECT_THAT(explain.err, HasSubstr("a\\x1b[31mb"));
}

TEST_F(RunCommand, ASignalDuringTheCommandIsPassedOnAndEverybodyIsBack) {
  Start(1);
  Running running(Whole(Run({"--relaunch"}, {"sh", "-c", "echo begun; exec tail -f /dev/null"})));
  ASSERT_TRUE(running.AwaitText("begun"));
  running.Signal(SIGTERM);
  EXPECT_EQ(running.Finish().status, 128 + SIGTERM);
  EXPECT_THAT(Contents(1), ElementsAre("old"));
}

TEST_F(RunCommand, CtrlCReachesTheCommandOnceAndDoesNotKeepAnybodyDown) {
  Start(1);
  // The shell misses a signal that comes just before it reads, until something is typed: hence -t.
  const std::string script =
      "count=0; trap 'count=$((count+1)); echo got $count' INT; echo begun; "
      "while ! read -t 1 line; do :; done; exit 5";
  Running running(Whole(Run({"--relaunch"}, {"bash", "-c", script})), Running::On::kTerminal);
  ASSERT_TRUE(running.AwaitText("begun"));
  running.Type("\x03");
  ASSERT_TRUE(running.AwaitText("got 1"));
  running.Type("on\n");
  const Said said = running.Finish();
  EXPECT_EQ(said.status, 5);
  EXPECT_THAT(said.out, Not(HasSubstr("got 2")));
  EXPECT_THAT(Contents(1), ElementsAre("old"));
}

TEST_F(RunCommand, ASignalBeforeTheCommandCancelsAndEverybodyIsBack) {
  Start(1);
  // Hears that it is to leave, and stays: the stop goes on until the signal.
  Running stubborn({"sh", "-c",
                    "exec 7<" + holders_.file() +
                        "; trap : TERM HUP; echo begun; while :; do read x </dev/tty || "
                        "wait; done"},
                   Running::On::kTerminal);
  ASSERT_TRUE(stubborn.AwaitText("begun"));
  const std::string pid = std::to_string(stubborn.pid());
  Running running(Whole(Run({"--relaunch", "-p", pid}, {"echo", "never"})));
  ASSERT_TRUE(running.AwaitText("stopped restartctl"));
  running.Signal(SIGINT);
  const Said said = running.Finish();
  EXPECT_EQ(said.status, 123) << said.err;
  EXPECT_EQ(said.out, "");
  stubborn.Signal(SIGKILL);
  EXPECT_THAT(Contents(1), ElementsAre("old"));
}

}  // namespace
}  // namespace rm::cli
