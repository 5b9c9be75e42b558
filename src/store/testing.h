// For tests: a directory of one's own, stores in it, and child processes.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "store/sqlite_store.h"

namespace rm {

inline constexpr ProcessId kOwner{4711, 815};
inline constexpr std::chrono::seconds kPatience(30);  // beyond any sane machine

class TestDirectory {
 public:
  TestDirectory() {
    std::string pattern = ::testing::TempDir() + "rm-store-XXXXXX";
    if (!::mkdtemp(pattern.data())) std::abort();
    path_ = pattern;
  }
  ~TestDirectory() {
    if (::getpid() == made_by_) std::filesystem::remove_all(path_);
  }
  TestDirectory(const TestDirectory&) = delete;
  TestDirectory& operator=(const TestDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string database() const { return path_ + "/sessions.db"; }

 private:
  std::string path_;
  pid_t made_by_ = ::getpid();
};

inline Result<std::unique_ptr<SessionStore>> TryOpen(const std::string& directory,
                                                     std::chrono::milliseconds limit = kPatience) {
  return OpenSqliteStore(directory, limit, [](const ProcessId&) { return true; });
}

inline std::unique_ptr<SessionStore> Open(const std::string& directory,
                                          std::chrono::milliseconds limit = kPatience) {
  auto store = TryOpen(directory, limit);
  if (store) return std::move(*store);
  ADD_FAILURE() << store.error().code << ": " << store.error().message;
  std::abort();
}

// A child that runs `body` and exits with what it returns. Failures of expectations show in its
// output; what counts is the status.
inline pid_t Fork(const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  int status = 99;
  try {
    status = body();
  } catch (...) {
  }
  ::_exit(::testing::Test::HasFailure() && status == 0 ? 98 : status);
}

// The exit status, or 128 + the signal that ended it.
inline int Wait(pid_t child) {
  int status = 0;
  if (::waitpid(child, &status, 0) != child) return -1;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

inline int RunChild(const std::function<int()>& body) { return Wait(Fork(body)); }

template <class T>
uint32_t CodeOf(const Result<T>& result) {
  return result ? 0 : result.error().code;
}

template <class T>
std::string MessageOf(const Result<T>& result) {
  return result ? "" : result.error().message;
}

}  // namespace rm
