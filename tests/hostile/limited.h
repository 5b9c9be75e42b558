// Does it end by itself, in time? Runs a program or a function in a child, and ends what hangs.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace rm::test {

struct Ending {
  bool hung = false;  // it did not end within kHangs
  int signal = 0;     // that ended it
  int status = -1;    // that it exited with
  std::string said;   // on standard error

  // "": it exited by itself.
  std::string Trouble() const;
};

// More than anything takes on the slowest machine that does not hang.
inline constexpr int kHangs = 120'000;  // ms

Ending RunLimited(const std::vector<std::string>& argv);
// `body` returns the exit status.
Ending RunLimited(const std::function<int()>& body);

}  // namespace rm::test
