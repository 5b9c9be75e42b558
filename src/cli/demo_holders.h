// On whom is the demonstration given? On copies of restartctl, which map one file each
// other and say in a directory which content they have.
#pragma once

#include <restartmanager.hpp>
#include <string>
#include <vector>

#include "cli/stop_signals.h"

namespace rm::cli {

struct HolderState {
  restartmanager::ProcessId process{};
  std::string content;
};

// The file in which a holder says what it has.
std::string HolderName(const restartmanager::ProcessId& process);

// A directory of its own with the file in it. The destructor ends the holders, waits until they are
// gone, and removes everything.
class DemoHolders {
 public:
  // `program`: restartctl.
  static restartmanager::Result<DemoHolders> Create(std::string program);
  DemoHolders(DemoHolders&& other) noexcept = default;
  DemoHolders& operator=(DemoHolders&&) = delete;
  ~DemoHolders();

  const std::string& directory() const { return directory_; }
  std::string file() const { return directory_ + "/libdemo.so.1"; }

  // Replaces the file by a new one of this content, as a package manager does: by rename.
  restartmanager::Result<void> Replace(const std::string& content);
  // Starts one in a session of its own, without a terminal.
  restartmanager::Result<void> StartOne(const StopSignals& signals);
  // Those that live, by pid, when at least `count` do. Blocks up to 30 s for that.
  restartmanager::Result<std::vector<HolderState>> Await(size_t count);

 private:
  DemoHolders() = default;
  std::vector<HolderState> Look();

  std::string program_;
  std::string directory_;
};

}  // namespace rm::cli
