// What do the tests of this room need? Programs of their own to start, watch and end.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "model/process.h"
#include "model/relaunch.h"

namespace rm::testing {

// A directory that every user may enter, and that goes away with what is in it.
class Directory {
 public:
  Directory();
  ~Directory();
  Directory(const Directory&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string ReadAll(const std::string& path);
void WriteAll(const std::string& path, const std::string& text, mode_t mode = 0600);

ProcessId Identify(pid_t pid);

// Runs `in_child` in a child of ours, which it must not return from.
pid_t Fork(const std::function<void()>& in_child);

// Blocks until a child of ours has ended; its status as of waitpid(2), or -1 after 20 s.
int Await(pid_t child);

// Blocks until that process, ours or not, has ended, or 20 s.
bool AwaitEnd(const ProcessId& process);

// Blocks until the file is longer than `from` bytes and ends with this text, or 20 s. What it says.
std::string AwaitText(const std::string& path, const std::string& end, size_t from = 0);

// A spec that brings `program` back as something like this process, its output in `output`.
RelaunchSpec LikeUs(const std::string& program, const std::string& output);

}  // namespace rm::testing
