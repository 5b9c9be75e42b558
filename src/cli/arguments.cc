#include "cli/arguments.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <optional>

#include "cli/exit_codes.h"
#include "cli/text.h"

namespace rm::cli {
namespace {

constexpr const char* kVersion = "restartctl " RM_VERSION;

constexpr const char* kExamples = R"(Examples:
  restartctl who /usr/lib/x86_64-linux-gnu/libssl.so.3
  restartctl stale
  restartctl run -f /usr/lib/libfoo.so.1 -- install -m 644 libfoo.so.1 /usr/lib/
  restartctl run --dry-run -s nginx -f /opt/app/bin/server -- true
  K=$(restartctl session start); restartctl session register "$K" -f /opt/app/server
  restartctl demo

See restartctl(8) for exit codes and the JSON format.)";

std::string IsPid(const std::string& word) {
  const bool digits =
      !word.empty() && word.size() <= 9 && word.find_first_not_of("0123456789") == word.npos;
  if (digits && word.find_first_not_of('0') != word.npos) return "";
  return fmt::format("\"{}\" is not the number of a process", Printable(word));
}

void AddTrees(CLI::App& command, TargetOptions& targets) {
  CLI::Option* tree =
      command
          .add_option("--tree", targets.trees,
                      "Directories with everything below them, or the mount points of file systems")
          ->type_name("PATH")
          ->allow_extra_args(false);
  command.add_flag("--mounts", targets.mounts, "With --tree: also what is mounted below it")
      ->needs(tree);
}

void AddTargets(CLI::App& command, TargetOptions& targets) {
  command.add_option("-f,--file", targets.files, "Files that are going to be replaced")
      ->type_name("PATH");
  command
      .add_option(
          "--files-from", targets.files_from,
          "Read more of them from FILE (- is standard input), one per line or NUL-separated")
      ->type_name("FILE");
  AddTrees(command, targets);
  command.add_option("-s,--service", targets.services, "Services to stop as well")
      ->type_name("UNIT");
  command.add_option("-p,--pid", targets.pids, "Processes to stop as well")
      ->type_name("PID")
      ->check(IsPid);
}

void AddStop(CLI::App& command, StopOptions& stop) {
  command.add_flag("--force", stop.force, "End by force who does not leave in time");
  command.add_flag("--only-registered", stop.only_registered,
                   "Stop nobody unless everybody can be brought back");
  command.add_flag("--relaunch", stop.relaunch,
                   "Bring back also programs that never registered for it");
}

CLI::App* AddKeyed(CLI::App& session, SessionOptions& options, const char* name,
                   const char* about) {
  CLI::App* command = session.add_subcommand(name, about);
  command
      ->add_option("key", options.key,
                   "The session's key; - reads it from standard input, none takes it from "
                   "RESTART_MANAGER_SESSION")
      ->type_name("KEY");
  return command;
}

// What follows the first "--" belongs to COMMAND, whatever it looks like.
std::vector<std::string> CutCommand(std::vector<std::string>& arguments) {
  const auto cut = std::find(arguments.begin(), arguments.end(), "--");
  if (cut == arguments.end()) return {};
  std::vector<std::string> command(cut + 1, arguments.end());
  arguments.erase(cut, arguments.end());
  return command;
}

bool Knows(const CLI::App& app, const std::string& command) {
  const auto known = app.get_subcommands([](const CLI::App*) { return true; });
  return std::any_of(known.begin(), known.end(),
                     [&](const CLI::App* one) { return one->get_name() == command; });
}

// "command X", "option X": what stands in the place of a command, and is none.
std::optional<std::string> UnknownCommand(const CLI::App& app, const CLI::App& session,
                                          const std::vector<std::string>& arguments) {
  const size_t at = !arguments.empty() && arguments[0] == "session" ? 1 : 0;
  if (arguments.size() <= at) return std::nullopt;
  const std::string& word = arguments[at];
  if (word.starts_with('-')) {
    const bool known = word == "-h" || word == "--help" || (at == 0 && word == "--version");
    return known ? std::nullopt : std::optional("option " + word);
  }
  if (Knows(at == 0 ? app : session, word)) return std::nullopt;
  return (at == 0 ? "command " : "command session ") + word;
}

Options CheckRun(RunOptions run, bool command_given) {
  const auto mistake = [](const char* text) { return Mistake{text, kExitUsage}; };
  if (run.targets.empty())
    return mistake("run: name what to free with -f, --tree, -s, -p or --files-from");
  if (command_given && run.command.empty()) return mistake("run: no COMMAND after --");
  if (!command_given && !run.dry_run) return mistake("run: write -- and then the COMMAND to run");
  return run;
}

Options CheckRegister(SessionOptions options) {
  if (!options.targets.empty()) return options;
  return Mistake{
      "session register: name what is going to be replaced with -f, --tree, -s, -p or "
      "--files-from",
      kExitUsage};
}

Options CheckFilter(SessionOptions options) {
  const bool targets = !options.executables.empty() || !options.targets.empty();
  if (targets && options.action.empty()) {
    return Mistake{"session filter: say --no-shutdown, --no-restart or --remove", kExitUsage};
  }
  if (!targets && !options.action.empty()) {
    return Mistake{"session filter: name whom with -x, -s or -p", kExitUsage};
  }
  return options;
}

}  // namespace

Options ParseArguments(std::vector<std::string> arguments) {
  const bool is_run = !arguments.empty() && arguments[0] == "run";
  const bool asks = !arguments.empty() && (arguments[0] == "who" || arguments[0] == "stale");
  const bool command_given =
      is_run && std::find(arguments.begin(), arguments.end(), "--") != arguments.end();

  CLI::App app("Who uses a file, and how to replace it without a reboot.", "restartctl");
  app.footer(kExamples);
  app.set_version_flag("--version", kVersion);
  app.require_subcommand(1);

  WhoOptions who;
  CLI::App* who_command = app.add_subcommand("who", "Who uses these files, and how");
  who_command->add_option("paths", who.targets.files, "Files or directories")->type_name("PATH");
  AddTrees(*who_command, who.targets);
  who_command->add_flag("--json", who.json, "Answer in JSON");
  who_command
      ->add_option("--backend", who.backend, "Ask the kernel by BPF, or /proc; auto takes the best")
      ->type_name("auto|proc|bpf")
      ->check(CLI::IsMember({"auto", "proc", "bpf"}));

  StaleOptions stale;
  CLI::App* stale_command = app.add_subcommand("stale", "Who runs code that was updated since");
  stale_command->add_flag("--all", stale.all,
                          "Also what only looks like it: same content, memory, data, unknown");
  stale_command->add_flag("--json", stale.json, "Answer in JSON");

  RunOptions run;
  CLI::App* run_command =
      app.add_subcommand("run", "Stop the users of files, run a command, bring them back");
  AddTargets(*run_command, run.targets);
  AddStop(*run_command, run.stop);
  run_command->add_flag("--dry-run", run.dry_run, "Show what would be done, and do nothing");
  run_command->add_flag("--leave-critical", run.leave_critical,
                        "Leave running what only a reboot could free");
  run_command->add_flag("--missing-ok", run.missing_ok, "Files need not exist");
  run_command->add_flag("-q,--quiet", run.quiet, "Say only what went wrong");
  run_command->add_flag("--json", run.json,
                        "Write JSON lines to standard error instead of sentences");
  run_command->add_option("--json-file", run.json_file, "Write JSON lines to FILE as well")
      ->type_name("FILE");
  run_command->footer("restartctl run OPTIONS -- COMMAND [ARGUMENT...]");

  CLI::App* session = app.add_subcommand("session", "The same in steps, for scripts");
  session->require_subcommand(1);
  SessionStartOptions start;
  CLI::App* start_command = session->add_subcommand("start", "Start a session and print its key");
  start_command
      ->add_option("--owner", start.owner,
                   "The session lasts as long as this process; default: the "
                   "calling shell")
      ->type_name("PID")
      ->check(IsPid);

  SessionOptions keyed;
  CLI::App* join = AddKeyed(*session, keyed, "join", "Check that a key opens a living session");
  CLI::App* add = AddKeyed(*session, keyed, "register", "Add files, services and processes");
  AddTargets(*add, keyed.targets);
  CLI::App* filter = AddKeyed(*session, keyed, "filter", "Except users, or list who is excepted");
  filter->add_option("-x,--executable", keyed.executables, "Whoever runs this executable")
      ->type_name("PATH");
  filter->add_option("-s,--service", keyed.targets.services, "A service")->type_name("UNIT");
  filter->add_option("-p,--pid", keyed.targets.pids, "A process")->type_name("PID")->check(IsPid);
  bool no_shutdown = false;
  bool no_restart = false;
  bool remove = false;
  CLI::Option* off =
      filter->add_flag("--no-shutdown", no_shutdown, "Neither stop nor restart them");
  CLI::Option* down = filter->add_flag("--no-restart", no_restart, "Do not restart them");
  CLI::Option* gone = filter->add_flag("--remove", remove, "No longer except them");
  off->excludes(down)->excludes(gone);
  down->excludes(gone);
  filter->add_flag("--json", keyed.json, "List in JSON");
  CLI::App* list = AddKeyed(*session, keyed, "list", "Who uses what was registered");
  list->add_flag("--json", keyed.json, "Answer in JSON");
  CLI::App* shutdown = AddKeyed(*session, keyed, "shutdown", "Stop them");
  AddStop(*shutdown, keyed.stop);
  CLI::Option* dry =
      shutdown->add_flag("--dry-run", keyed.dry_run, "Show what would be done, and do nothing");
  shutdown->add_flag("--json", keyed.json, "With --dry-run: answer in JSON")->needs(dry);
  CLI::App* restart = AddKeyed(*session, keyed, "restart", "Bring them back");
  CLI::App* end =
      AddKeyed(*session, keyed, "end", "End the session; what is stopped stays stopped");
  SessionShowOptions show;
  CLI::App* show_command = session->add_subcommand("show", "The sessions of this user");
  show_command->add_flag("--json", show.json, "Answer in JSON");

  ExplainOptions explain;
  CLI::App* explain_command =
      app.add_subcommand("explain", "What a process or service is, and how it would be stopped");
  explain_command->add_option("subject", explain.subject, "A pid, or the name of a unit")
      ->type_name("PID|UNIT");
  explain_command->add_flag("--json", explain.json, "Answer in JSON");

  RecoverOptions recover;
  CLI::App* recover_command =
      app.add_subcommand("recover", "Start what sessions owe whose owner is dead");
  recover_command->add_flag("--list", recover.list, "Show what is owed, and start nothing");
  CLI::Option* give_up =
      recover_command
          ->add_option(
              "--give-up", recover.give_up,
              "Start nothing, and owe these no start any more: a UNIT, the PID or NAME that "
              "a program had, or a SESSION for all that it owes")
          ->type_name("WHAT...")
          ->expected(1, CLI::detail::expected_max_vector_size)
          ->excludes("--list");
  recover_command->add_flag("--dry-run", recover.dry_run, "Only show what would be given up")
      ->needs(give_up);
  recover_command->add_flag("--json", recover.json, "Answer in JSON lines");

  CLI::App* demo = app.add_subcommand("demo", "Show it on processes of its own");
  HolderOptions holder;
  CLI::App* holder_command = app.add_subcommand("demo-holder", "")->group("");
  holder_command->add_option("file", holder.file)->required();
  holder_command->add_option("directory", holder.directory)->required();
  holder_command->add_option("owner", holder.owner)->required();

  if (const auto unknown = UnknownCommand(app, *session, arguments))
    return Mistake{fmt::format("there is no {}; try restartctl --help", Printable(*unknown)),
                   kExitUsage};
  if (is_run) run.command = CutCommand(arguments);
  std::reverse(arguments.begin(), arguments.end());
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    return Saying{app.help()};
  } catch (const CLI::CallForAllHelp&) {
    return Saying{app.help("", CLI::AppFormatMode::All)};
  } catch (const CLI::CallForVersion&) {
    return Saying{std::string(kVersion) + "\n"};
  } catch (const CLI::ExtrasError& error) {
    return Mistake{fmt::format("{}; what begins with - and is no option goes behind --; "
                               "try restartctl --help",
                               error.what()),
                   asks ? kExitWhoFailed : kExitUsage};
  } catch (const CLI::ParseError& error) {
    return Mistake{std::string(error.what()) + "; try restartctl --help",
                   asks ? kExitWhoFailed : kExitUsage};
  }

  if (*who_command && who.targets.empty())
    return Mistake{"who: name a PATH, or a directory with --tree", kExitWhoFailed};
  if (*who_command) return who;
  if (*stale_command) return stale;
  if (*run_command) return CheckRun(std::move(run), command_given);
  if (*start_command) return start;
  if (*show_command) return show;
  if (*explain_command && explain.subject.empty())
    return Mistake{"explain: name a PID or a UNIT", kExitUsage};
  if (*explain_command) return explain;
  if (*recover_command) return recover;
  if (*demo) return DemoOptions{};
  if (*holder_command) return holder;
  if (no_shutdown) keyed.action = "no-shutdown";
  if (no_restart) keyed.action = "no-restart";
  if (remove) keyed.action = "remove";
  if (*join) keyed.verb = SessionVerb::kJoin;
  if (*add) {
    keyed.verb = SessionVerb::kRegister;
    return CheckRegister(std::move(keyed));
  }
  if (*list) keyed.verb = SessionVerb::kList;
  if (*shutdown) keyed.verb = SessionVerb::kShutdown;
  if (*restart) keyed.verb = SessionVerb::kRestart;
  if (*end) keyed.verb = SessionVerb::kEnd;
  if (*filter) {
    keyed.verb = SessionVerb::kFilter;
    return CheckFilter(std::move(keyed));
  }
  return keyed;
}

}  // namespace rm::cli
