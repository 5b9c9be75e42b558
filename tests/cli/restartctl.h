// What does restartctl do when a person or a script runs it? Runs the real program with a store of
// its own and collects what it says.
#pragma once

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "cli/demo_holders.h"

namespace rm::cli {

struct Said {
  int status = -1;  // as a shell says it
  std::string out;
  std::string err;
};

// A running restartctl. Its output is read as it comes.
class Running {
 public:
  // `terminal`: it runs in the foreground of a terminal of its own, which carries out and err.
  enum class On { kPipes, kTerminal };
  explicit Running(const std::vector<std::string>& arguments, On where = On::kPipes);
  ~Running();
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  // Blocks until the text has been said, on either stream. False: it ended without saying it.
  bool AwaitText(const std::string& text);
  // As if it were typed on the terminal.
  void Type(const std::string& keys);
  void Signal(int signal);
  Said Finish();
  pid_t pid() const { return pid_; }

 private:
  bool ReadSome();

  pid_t pid_ = -1;
  int out_ = -1;
  int err_ = -1;
  Said said_;
};

Said Restartctl(const std::vector<std::string>& arguments);
// `script` is run by `shell`; $R is restartctl.
Said Shell(const std::string& shell, const std::string& script);

// A file and its holders.
class RestartctlTest : public ::testing::Test {
 protected:
  RestartctlTest();
  ~RestartctlTest() override;

  // "mv", "FILE.new", "FILE", with FILE.new written.
  std::vector<std::string> Replacement(const std::string& content);
  std::vector<std::string> Contents(size_t holders);
  std::vector<DWORD> Pids(size_t holders);
  void Start(size_t holders);

  DemoHolders holders_;
};

}  // namespace rm::cli
