// What does C:\Windows\System32 mean? To a program of 32 bits it means the folder SysWOW64, in its
// own calls; names that others have for their files, and the system, mean what they say.
#pragma once

#include <windows.h>

namespace rm {

// As long as it lives, names mean what they say to this thread as well. Libraries are not to be
// loaded then.
class Unredirected {
 public:
  Unredirected() : done_(::Wow64DisableWow64FsRedirection(&before_)) {}
  ~Unredirected() {
    if (done_) ::Wow64RevertWow64FsRedirection(before_);
  }
  Unredirected(const Unredirected&) = delete;
  Unredirected& operator=(const Unredirected&) = delete;

 private:
  void* before_ = nullptr;
  const bool done_;  // not in a program of 64 bits
};

}  // namespace rm
