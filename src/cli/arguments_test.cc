#include "cli/arguments.h"

#include <gmock/gmock.h>

#include "cli/exit_codes.h"

namespace rm::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

template <class T>
T Parsed(std::vector<std::string> arguments) {
  const Options options = ParseArguments(std::move(arguments));
  if (const auto* mistake = std::get_if<Mistake>(&options)) ADD_FAILURE() << mistake->text;
  return std::holds_alternative<T>(options) ? std::get<T>(options) : T{};
}

int MistakeOf(std::vector<std::string> arguments) {
  const Options options = ParseArguments(std::move(arguments));
  const auto* mistake = std::get_if<Mistake>(&options);
  return mistake ? mistake->exit_code : 0;
}

TEST(Arguments, RunTakesSeveralFilesAndTheCommandAsItIs) {
  const auto run = Parsed<RunOptions>({"run", "-f", "a", "b", "-f", "c", "-s", "nginx", "-p", "12",
                                       "--force", "--", "cmd", "-f", "--", "--help"});
  EXPECT_THAT(run.targets.files, ElementsAre("a", "b", "c"));
  EXPECT_THAT(run.targets.services, ElementsAre("nginx"));
  EXPECT_THAT(run.targets.pids, ElementsAre(12u));
  EXPECT_TRUE(run.stop.force);
  EXPECT_THAT(run.command, ElementsAre("cmd", "-f", "--", "--help"));
}

TEST(Arguments, RecoverMayOnlyList) {
  EXPECT_FALSE(Parsed<RecoverOptions>({"recover"}).list);
  EXPECT_TRUE(Parsed<RecoverOptions>({"recover", "--list"}).list);
  EXPECT_EQ(MistakeOf({"recover", "everything"}), kExitUsage);
}

TEST(Arguments, WhatIsGivenUpIsNamed) {
  const auto given_up = Parsed<RecoverOptions>({"recover", "--give-up", "nginx", "4711"});
  EXPECT_EQ(given_up.give_up, (std::vector<std::string>{"nginx", "4711"}));
  EXPECT_FALSE(given_up.dry_run);
  EXPECT_TRUE(Parsed<RecoverOptions>({"recover", "--dry-run", "--give-up", "nginx"}).dry_run);
  EXPECT_EQ(MistakeOf({"recover", "--give-up"}), kExitUsage);
  EXPECT_EQ(MistakeOf({"recover", "--dry-run"}), kExitUsage);
  EXPECT_EQ(MistakeOf({"recover", "--list", "--give-up", "nginx"}), kExitUsage);
}

TEST(Arguments, AShutdownInJsonIsOneThatIsOnlyShown) {
  const auto shown = Parsed<SessionOptions>({"session", "shutdown", "k", "--dry-run", "--json"});
  EXPECT_TRUE(shown.dry_run && shown.json);
  EXPECT_FALSE(Parsed<SessionOptions>({"session", "shutdown", "k"}).dry_run);
  EXPECT_EQ(MistakeOf({"session", "shutdown", "k", "--json"}), kExitUsage);
}

TEST(Arguments, RunWithoutTargetsOrCommandIsAMistake) {
  EXPECT_EQ(MistakeOf({"run", "--", "true"}), kExitUsage);
  EXPECT_EQ(MistakeOf({"run", "-f", "a"}), kExitUsage);
  EXPECT_EQ(MistakeOf({"run", "-f", "a", "--"}), kExitUsage);
  EXPECT_EQ(MistakeOf({"run"}), kExitUsage);
}

TEST(Arguments, ADryRunNeedsNoCommand) {
  EXPECT_THAT(Parsed<RunOptions>({"run", "--dry-run", "-f", "a"}).command, IsEmpty());
}

TEST(Arguments, ATreeIsOneDirectoryForEachTimeItIsNamed) {
  const auto who = Parsed<WhoOptions>({"who", "--tree", "/opt", "/etc/file", "--tree", "/srv"});
  EXPECT_THAT(who.targets.trees, ElementsAre("/opt", "/srv"));
  EXPECT_THAT(who.targets.files, ElementsAre("/etc/file"));
  EXPECT_FALSE(who.targets.mounts);
  const auto run = Parsed<RunOptions>({"run", "--tree", "/opt", "--mounts", "--", "true"});
  EXPECT_THAT(run.targets.trees, ElementsAre("/opt"));
  EXPECT_TRUE(run.targets.mounts);
  EXPECT_EQ(MistakeOf({"who", "--mounts", "/opt"}), kExitWhoFailed);
}

TEST(Arguments, ExplainTakesOneSubject) {
  EXPECT_EQ(Parsed<ExplainOptions>({"explain", "nginx"}).subject, "nginx");
  EXPECT_TRUE(Parsed<ExplainOptions>({"explain", "12", "--json"}).json);
  EXPECT_EQ(MistakeOf({"explain"}), kExitUsage);
  EXPECT_EQ(MistakeOf({"explain", "1", "2"}), kExitUsage);
}

TEST(Arguments, WhoFailsWithTwoAndTheOthersWith124) {
  EXPECT_EQ(MistakeOf({"who"}), kExitWhoFailed);
  EXPECT_EQ(MistakeOf({"frobnicate"}), kExitUsage);
  EXPECT_EQ(MistakeOf({}), kExitUsage);
  EXPECT_EQ(MistakeOf({"run", "-p", "0", "--", "true"}), kExitUsage);
  EXPECT_EQ(MistakeOf({"run", "-p", "x", "--", "true"}), kExitUsage);
}

TEST(Arguments, AnUnknownCommandOrOptionIsNamed) {
  const auto said = [](std::vector<std::string> arguments) {
    return std::get<Mistake>(ParseArguments(std::move(arguments))).text;
  };
  EXPECT_THAT(said({"frobnicate"}), HasSubstr("there is no command frobnicate"));
  EXPECT_THAT(said({"session", "begin"}), HasSubstr("there is no command session begin"));
  EXPECT_THAT(said({"-V"}), HasSubstr("there is no option -V"));
  EXPECT_THAT(said({"--json", "who", "a"}), HasSubstr("there is no option --json"));
  EXPECT_THAT(said({"session"}), HasSubstr("required"));
}

TEST(Arguments, WhatIsMissingIsNamedByTheWordsOfTheManual) {
  EXPECT_THAT(std::get<Mistake>(ParseArguments({"explain"})).text, HasSubstr("PID or a UNIT"));
  EXPECT_THAT(std::get<Mistake>(ParseArguments({"session", "register", "k"})).text,
              HasSubstr("--files-from"));
}

TEST(Arguments, ASessionIsNamedByItsKeyOrByTheEnvironment) {
  const auto written = Parsed<SessionOptions>({"session", "register", "0123", "-f", "a"});
  EXPECT_EQ(written.verb, SessionVerb::kRegister);
  EXPECT_EQ(written.key, "0123");
  EXPECT_THAT(written.targets.files, ElementsAre("a"));
  EXPECT_EQ(Parsed<SessionOptions>({"session", "end"}).key, "");
  EXPECT_EQ(Parsed<SessionOptions>({"session", "list", "-"}).key, "-");
}

TEST(Arguments, AFilterNeedsATargetAndOneAction) {
  EXPECT_EQ(MistakeOf({"session", "filter", "k", "-p", "1"}), kExitUsage);
  EXPECT_EQ(MistakeOf({"session", "filter", "k", "--no-restart"}), kExitUsage);
  EXPECT_EQ(MistakeOf({"session", "filter", "k", "-p", "1", "--no-restart", "--remove"}),
            kExitUsage);
  EXPECT_EQ(Parsed<SessionOptions>({"session", "filter", "k", "-p", "1", "--no-restart"}).action,
            "no-restart");
  EXPECT_EQ(Parsed<SessionOptions>({"session", "filter", "k"}).action, "");
}

TEST(Arguments, HelpAndVersionAreAnswers) {
  EXPECT_THAT(std::get<Saying>(ParseArguments({"--version"})).text, HasSubstr("restartctl "));
  EXPECT_THAT(std::get<Saying>(ParseArguments({"--help"})).text, HasSubstr("Examples:"));
  EXPECT_THAT(std::get<Saying>(ParseArguments({"run", "--help"})).text,
              HasSubstr("--leave-critical"));
  EXPECT_THAT(std::get<Saying>(ParseArguments({"session", "list", "--help"})).text,
              HasSubstr("Usage: restartctl session list [OPTIONS]"));
}

}  // namespace
}  // namespace rm::cli
