// What is it like to have a display? An X server of its own for a test, and programs on it.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "x11/display.h"

namespace rm::testing {

// A program that ends with the object.
class Program {
 public:
  Program() = default;
  explicit Program(pid_t pid) : pid_(pid) {}
  Program(Program&& other) noexcept : pid_(std::exchange(other.pid_, 0)) {}
  Program& operator=(Program&& other) noexcept {
    std::swap(pid_, other.pid_);
    return *this;
  }
  ~Program();

  pid_t pid() const { return pid_; }
  // Blocks until it has ended; its wait(2) status.
  int Wait();

 private:
  pid_t pid_ = 0;
};

class Xvfb {
 public:
  // A display nobody else knows the cookie of. Throws when there is none; see Missing.
  Xvfb();
  ~Xvfb();

  // The first of these programs that is not installed, "" if all are.
  static std::string Missing(const std::vector<std::string>& programs);

  const std::string& name() const { return name_; }            // ":7"
  const std::string& directory() const { return directory_; }  // for whatever the test keeps
  const std::string& authority() const { return authority_; }  // the caller's own file

  // An authority file that belongs to this user. `good`: with the right cookie.
  std::string AuthorityOf(uid_t user, bool good = true);

  struct Way {
    uid_t user = 0;         // who runs it, if the caller is root
    std::string authority;  // "": the caller's
    std::string holds;      // a file that it has as its descriptor 9
    std::string log;        // descriptors 1 and 2; "": nowhere
  };
  Program Start(const std::vector<std::string>& command, const Way& way) const;
  Program Start(const std::vector<std::string>& command) const { return Start(command, Way{}); }
  // openbox. Returns when what is shown from now on gets a frame.
  Program StartWindowManager() const;

  // Blocks until the windows of all programs are so, up to 60 s: then it throws, and lists them.
  void Await(const std::function<bool(const std::vector<TopLevel>&)>& wanted);
  // Until this process shows a window with this in its title, that may be closed; its number.
  uint32_t AwaitWindow(pid_t pid, const std::string& title = "");
  // To the X server: one that is stopped answers nobody.
  void Signal(int signal) const;
  // xdotool, to its end.
  void Type(const std::vector<std::string>& words) const;
  // A connection as the caller.
  Result<Display> Connect() const;

 private:
  std::string WriteAuthority(const std::string& name, uid_t owner, bool good) const;

  std::string directory_;
  std::string cookie_;
  std::string authority_;
  std::string name_;
  std::unique_ptr<Display> display_;
  std::set<uint32_t> watched_;
  Program server_;
};

}  // namespace rm::testing
