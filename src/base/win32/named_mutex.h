// Which of several processes is alone with something? The one whose thread has the mutex of this
// name, until that thread destroys it. Who is killed leaves it to the next.
#pragma once

#include "base/win32/handle.h"

namespace rm {

class NamedMutex {
 public:
  explicit NamedMutex(const wchar_t* name) : mutex_(::CreateMutexW(nullptr, FALSE, name)) {}
  ~NamedMutex() {
    if (owned_) ::ReleaseMutex(mutex_.get());
  }
  NamedMutex(const NamedMutex&) = delete;
  NamedMutex& operator=(const NamedMutex&) = delete;

  // False: another object has its name, or another user.
  explicit operator bool() const { return static_cast<bool>(mutex_); }
  // Waits for so many ms. Whether it is ours now.
  bool Take(DWORD limit) {
    const DWORD waited = ::WaitForSingleObject(mutex_.get(), limit);
    owned_ = waited == WAIT_OBJECT_0 || waited == WAIT_ABANDONED;
    return owned_;
  }

 private:
  UniqueHandle mutex_;
  bool owned_ = false;
};

}  // namespace rm
