#include "restartctl.h"

namespace rm::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

class InShell : public RestartctlTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(InShell, AScriptStopsReplacesAndBringsBack) {
  Start(1);
  const auto replace = Replacement("new");
  const Said said = Shell(GetParam(),
                          "set -e; K=$($R session start); $R session join $K; "
                          "$R session register $K -f " +
                              holders_.file() +
                              "; $R session list $K; "
                              "$R session shutdown $K --relaunch; mv " +
                              replace[1] + " " + replace[2] +
                              "; RESTART_MANAGER_SESSION=$K $R session restart; "
                              "echo $K | $R session end -");
  EXPECT_EQ(said.status, 0) << said.err;
  EXPECT_THAT(said.out, HasSubstr("maps " + holders_.file()));
  EXPECT_THAT(Contents(1), ElementsAre("new"));
}

TEST_P(InShell, TheOwnerIsTheShellAndNotTheSubshellThatIsGone) {
  const Said said = Shell(GetParam(),
                          "K=$(: | $R session start || exit 9); echo $$; "
                          "$R session show; $R session end $K");
  EXPECT_EQ(said.status, 0) << said.err;
  const std::string pid = said.out.substr(0, said.out.find('\n'));
  EXPECT_THAT(said.out, HasSubstr("owner pid " + pid + " (alive)"));
}

INSTANTIATE_TEST_SUITE_P(Shells, InShell, ::testing::Values("bash", "dash"),
                         [](const auto& shell) { return std::string(shell.param); });

class Session : public RestartctlTest {};

TEST_F(Session, TheKeyStandsAloneOnStandardOutput) {
  const Said said = Restartctl({"session", "start"});
  EXPECT_THAT(said.out, MatchesRegex("[0-9a-f]{32}\n"));
  EXPECT_EQ(Restartctl({"session", "end", said.out.substr(0, 32)}).status, 0);
  EXPECT_EQ(Restartctl({"session", "end", said.out.substr(0, 32)}).status, 124);
}

TEST_F(Session, AStopIsShownBeforehand) {
  Start(1);
  const auto before = Pids(1);
  const auto shutdown = [&](const std::string& options) {
    return Shell("sh", "K=$($R session start) && $R session register $K -f " + holders_.file() +
                           " && $R session shutdown $K --dry-run " + options);
  };
  const Said shown = shutdown("--relaunch");
  EXPECT_EQ(shown.status, 0) << shown.err;
  EXPECT_THAT(shown.out, StartsWith("1. stop restartctl (pid " + std::to_string(before[0])));
  EXPECT_THAT(shutdown("--json").out, HasSubstr("\"act\":\"stop\""));
  EXPECT_EQ(shutdown("--only-registered").status, 120);
  EXPECT_EQ(Pids(1), before);
}

// Killed late it is brought back, and goes with the file.
TEST_F(Session, WhoStayedIsListedAsRefusedUntilTheEnd) {
  const std::string file = holders_.file();
  const Said said = Shell("sh", "sh -c 'trap : TERM HUP; exec 7<" + file + "; while [ -e " + file +
                                    " ]; do sleep 1 7<&-; done' </dev/null >/dev/null 2>&1 "
                                    "& who=$!; K=$($R session start); "
                                    "until $R who " +
                                    file +
                                    " | grep -q \"pid $who\"; do :; done; "
                                    "$R session register $K -f " +
                                    file +
                                    "; $R session shutdown $K --relaunch; echo ended $?; "
                                    "$R session restart $K; $R session list $K; "
                                    "$R session list --json $K; "
                                    "kill -KILL $who; $R session end $K; $R recover --list");
  EXPECT_EQ(said.status, 0) << said.err;
  EXPECT_THAT(said.out, HasSubstr("ended 120\n"));
  EXPECT_THAT(said.out,
              HasSubstr("\"status\":[\"running\",\"error_on_stop\"],\"outcome\":\"refused\""));
  EXPECT_THAT(said.out, HasSubstr("sh, error_on_stop, refused, console, pid "));
  EXPECT_THAT(said.out, HasSubstr("nothing is owed\n"));
}

TEST_F(Session, FiltersAreKeptListedAndRemoved) {
  const std::string key = Restartctl({"session", "start"}).out.substr(0, 32);
  EXPECT_EQ(Restartctl({"session", "filter", key, "-x", "/usr/bin/x", "--no-restart"}).status, 0);
  EXPECT_EQ(Restartctl({"session", "filter", key}).out, "executable /usr/bin/x: no restart\n");
  EXPECT_EQ(Restartctl({"session", "filter", key, "-x", "/usr/bin/x", "--remove"}).status, 0);
  EXPECT_EQ(Restartctl({"session", "filter", key, "--json"}).out, "{\"filters\":[]}\n");
  Restartctl({"session", "end", key});
}

// Nobody could except it any more: a process that has ended has no start time.
TEST_F(Session, AFilterNamesAProcessThatTheSessionHasStopped) {
  Start(1);
  const Said said = Shell(
      "sh",
      "set -e; K=$($R session start); $R session register $K -f " + holders_.file() +
          "; P=$($R session list $K | sed 's/.*pid //;s/[^0-9].*//'); "
          "$R session shutdown $K --relaunch; $R session filter $K -p $P --no-restart; "
          "$R session filter $K | sed s/$P/P/; "
          "$R session filter $K -p $P --remove; $R session filter $K; "
          "$R session filter $K -p $P --no-shutdown; $R session restart $K; $R session list $K; "
          "$R session end $K");
  EXPECT_EQ(said.status, 0) << said.err;
  EXPECT_THAT(said.out, HasSubstr("pid P: no restart\n"));
  EXPECT_THAT(said.out, HasSubstr("stopped"));
  EXPECT_THAT(said.out, Not(HasSubstr("restarted")));
  EXPECT_THAT(Contents(0), ElementsAre());
}

TEST_F(Session, AFilterOnAPidThatNobodyHasIsAMistake) {
  const std::string key = Restartctl({"session", "start"}).out.substr(0, 32);
  for (const char* action : {"--no-restart", "--remove"})
    EXPECT_EQ(Restartctl({"session", "filter", key, "-p", "4194303", action}).status, 124)
        << action;
  Restartctl({"session", "end", key});
}

// It excepted nobody, and whoever was meant was stopped.
TEST_F(Session, AFilterOnAnEmptyNameIsAMistake) {
  const std::string key = Restartctl({"session", "start"}).out.substr(0, 32);
  for (const char* option : {"-x", "-s"}) {
    const Said said = Restartctl({"session", "filter", key, option, "", "--no-shutdown"});
    EXPECT_EQ(said.status, 124) << option;
    EXPECT_THAT(said.err, HasSubstr("is a variable not set?")) << option;
  }
  EXPECT_EQ(Restartctl({"session", "filter", key}).out, "");
  Restartctl({"session", "end", key});
}

TEST_F(Session, AWrongKeyAndADeadOwnerAreNamed) {
  EXPECT_EQ(Restartctl({"session", "list", std::string(32, '0')}).status, 124);
  EXPECT_EQ(Restartctl({"session", "list"}).status, 124);
  EXPECT_EQ(Restartctl({"session", "start", "--owner", "4194303"}).status, 124);
}

TEST_F(Session, NothingIsOwedIsAnAnswer) {
  const Said said = Restartctl({"recover"});
  EXPECT_EQ(said.status, 0) << said.err;
  EXPECT_EQ(said.out, "nothing was owed\n");
  const Said key = Restartctl({"session", "start"});
  EXPECT_EQ(Restartctl({"recover", "--list"}).out, "nothing is owed\n");
  EXPECT_EQ(Restartctl({"recover", "--list", "--json"}).out, "{\"sessions\":[]}\n");
  Restartctl({"session", "end", key.out.substr(0, 32)});
}

TEST_F(Session, WhoHasNoWayBackIsToldByRecoverInsteadOfThatNothingWasOwed) {
  Start(1);
  const Said stopped = Shell("sh", "K=$($R session start --owner $$); $R session register $K -f " +
                                       holders_.file() + " && $R session shutdown $K");
  ASSERT_EQ(stopped.status, 0) << stopped.err;
  const Said said = Restartctl({"recover"});
  EXPECT_EQ(said.status, 0) << said.err;
  EXPECT_THAT(said.out, HasSubstr("was not brought back"));
  EXPECT_THAT(said.out, Not(HasSubstr("nothing was owed")));
}

TEST_F(Session, RecoverIsNotEndedByAReaderWhoWentAway) {
  const Said said =
      Shell("sh", "mkfifo " + holders_.directory() + "/pipe; exec 8<>" + holders_.directory() +
                      "/pipe 9>" + holders_.directory() + "/pipe; exec 8<&-; $R recover >&9");
  EXPECT_EQ(said.status, 125) << said.err;
}

TEST_F(Session, TheDemonstrationShowsAllStepsAndLeavesNothing) {
  const Said said = Restartctl({"demo"});
  EXPECT_EQ(said.status, 0) << said.err;
  EXPECT_THAT(said.out, HasSubstr("maps \"version 1\""));
  EXPECT_THAT(said.out, HasSubstr("maps \"version 2\""));
}

// Its programs ignored the signal as well: they could not be stopped, nor ended when it was over.
TEST_F(Session, TheDemonstrationCanBeSeenWhereTheSignalToLeaveIsIgnored) {
  const Said said = Shell("sh", "trap '' TERM; $R demo");
  EXPECT_EQ(said.status, 0) << said.err;
}

TEST_F(Session, TheDemonstrationTellsWhyItHasNoDirectory) {
  EXPECT_THAT(Shell("sh", "TMPDIR=/proc/version $R demo").err, HasSubstr("Not a directory"));
}

}  // namespace
}  // namespace rm::cli
