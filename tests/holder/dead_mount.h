// A FUSE mount whose server stops answering, as a dead file server does.
#pragma once

#include <atomic>
#include <string>
#include <thread>

#include "base/unique_fd.h"

namespace rm::test {

// In a mount namespace of the test's own. It has one file, "file". Unmounted, and everybody who
// waits for it let go, when this object goes.
class DeadMount {
 public:
  explicit DeadMount(const std::string& folder);
  ~DeadMount();
  DeadMount(const DeadMount&) = delete;
  DeadMount& operator=(const DeadMount&) = delete;

  // False where FUSE is lacking.
  bool exists() const { return mounted_; }
  std::string file() const { return folder_ + "/file"; }
  // From now on it takes requests and answers none.
  void Die() { dead_ = true; }
  // As soon as somebody has listed its folder and looks at what is there.
  void DieWhenListed() { doomed_ = true; }

 private:
  void Serve();

  const std::string folder_;
  UniqueFd device_;
  bool mounted_ = false;
  std::atomic<bool> dead_ = false, doomed_ = false;
  std::thread server_;
};

}  // namespace rm::test
