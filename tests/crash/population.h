// Who runs, and how often? Plain programs that use a file, and what the machine says of them.
#pragma once

#include <sys/types.h>

#include <functional>
#include <set>
#include <string>
#include <vector>

namespace rm::test {

// Copies of one program, told apart by their last argument, in a directory that goes away with
// everything that runs out of it.
class Population {
 public:
  using Start = std::function<void(int)>;

  // `guest` is the program that is copied. `start` starts one of them; none: as a plain program.
  Population(int size, std::string guest, Start start = {});
  ~Population();
  Population(const Population&) = delete;

  const std::string& directory() const { return directory_; }  // 0755
  std::string program() const { return directory_ + "/program"; }
  std::string store() const { return directory_ + "/store"; }  // 0700, empty at first
  std::vector<std::string> Command(int i) const;
  // COMMAND that replaces the program by itself.
  std::vector<std::string> Replacement() const;

  void StartPlain(int i) const;
  // Starts who does not run, and ends who runs once too often. From here on starts are counted.
  void Complete();
  // Blocks until each runs exactly once and nobody works for the store, or 2 min. "": so it is, and
  // nobody was started more often than that; else what is not. An rm-relaunch that waits for the
  // late departure of a program may.
  std::string AwaitEveryoneOnce(size_t most_starts = 1) const;
  // Ends everybody who runs out of the directory, or works for the store.
  void EndAll() const;
  // The last argument of each process that runs the program; "?" if it has other arguments.
  std::vector<std::string> NamesOfWhoRuns() const;
  // How many are other processes than when starts began to be counted.
  int Renewed() const;
  // How many run a file that was replaced.
  int OnOldFile() const;
  // Names of the files in the store that are neither the database's nor of a late departure.
  std::vector<std::string> LeftInStore() const;

 private:
  std::vector<std::set<pid_t>> Running() const;
  std::vector<std::set<pid_t>> Started() const;
  std::string AtWork() const;
  std::string Trouble() const;

  const int size_;
  const std::string guest_;
  const Start start_;
  std::string directory_;
  std::set<pid_t> old_;  // whose start does not count
};

}  // namespace rm::test
