// A test's own process that holds files: started, ready, and gone when this object goes.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "model/process.h"

namespace rm::test {

class Holder {
 public:
  struct Options {
    std::string program;            // "": the holder program itself, else a copy of it
    std::function<void()> prepare;  // runs in the child before it executes the program
  };

  // Returns when the child says that it is ready. Aborts the test program when it does not.
  // Options of the program: holder.c.
  explicit Holder(const std::vector<std::string>& arguments);
  Holder(const std::vector<std::string>& arguments, const Options& options);
  ~Holder();
  Holder(Holder&&) = default;

  pid_t pid() const { return pid_; }
  ProcessId id() const;
  void Signal(int signal) const;
  // Blocks until it has ended and been waited for; its wait status.
  int AwaitEnd();

 private:
  pid_t pid_ = -1;
  UniqueFd pidfd_;
};

// The holder program, to be copied.
std::string HolderProgram();

// A directory of the test's own, removed with everything in it.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::string& path() const { return path_; }
  // A file below it with this content; its path.
  std::string Write(const std::string& name, const std::string& content = "content") const;

 private:
  std::string path_;
};

}  // namespace rm::test
