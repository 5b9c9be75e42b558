// What was asked for on the command line? One struct per command.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace rm::cli {

// As written: relative paths, unknown units and dead pids included.
struct TargetOptions {
  std::vector<std::string> files;
  std::string files_from;  // "" none, "-" standard input
  std::vector<std::string> services;
  std::vector<uint32_t> pids;
  std::vector<std::string> trees;  // directories with everything below them
  bool mounts = false;             // also what is mounted there

  bool empty() const {
    return files.empty() && files_from.empty() && services.empty() && pids.empty() && trees.empty();
  }
};

struct StopOptions {
  bool force = false;
  bool only_registered = false;
  bool relaunch = false;
};

struct WhoOptions {
  TargetOptions targets;  // files and trees
  bool json = false;
  std::string backend;  // "auto", "proc", "bpf"; "" for the library's choice
};

struct StaleOptions {
  bool all = false;
  bool json = false;
};

struct RunOptions {
  TargetOptions targets;
  StopOptions stop;
  bool dry_run = false;
  bool leave_critical = false;
  bool missing_ok = false;
  bool json = false;
  bool quiet = false;
  std::string json_file;  // "" none
  std::vector<std::string> command;
};

struct SessionStartOptions {
  std::optional<uint32_t> owner;
};

enum class SessionVerb { kJoin, kRegister, kFilter, kList, kShutdown, kRestart, kEnd };

struct SessionOptions {
  SessionVerb verb = SessionVerb::kJoin;
  std::string key;  // "" from the environment, "-" from standard input
  TargetOptions targets;
  StopOptions stop;                      // shutdown
  bool dry_run = false;                  // shutdown
  bool json = false;                     // list, filter, shutdown with dry_run
  std::vector<std::string> executables;  // filter
  std::string action;  // filter: "no-shutdown", "no-restart", "remove", "" to list
};

struct SessionShowOptions {
  bool json = false;
};

struct ExplainOptions {
  std::string subject;  // a pid or a unit
  bool json = false;
};

struct RecoverOptions {
  bool list = false;                 // starts nothing
  std::vector<std::string> give_up;  // starts nothing either
  bool dry_run = false;              // only says what would be given up
  bool json = false;
};

struct DemoOptions {};

// One of the processes that the demonstration starts.
struct HolderOptions {
  std::string file;       // held by a mapping
  std::string directory;  // says here that it runs
  uint32_t owner = 0;     // ends with this process
};

// A message for standard output, and nothing to do: --help, --version.
struct Saying {
  std::string text;
};

// A message for standard error: what is wrong with the command line.
struct Mistake {
  std::string text;
  int exit_code;
};

using Options = std::variant<Saying, Mistake, WhoOptions, StaleOptions, RunOptions,
                             SessionStartOptions, SessionOptions, SessionShowOptions,
                             ExplainOptions, RecoverOptions, DemoOptions, HolderOptions>;

}  // namespace rm::cli
