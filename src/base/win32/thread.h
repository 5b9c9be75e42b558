// A thread that nobody waits for. Not std::thread: that of mingw-w64 takes locks of its own when it
// ends, and a process that exits at that moment kills it with them, and then waits for them itself.
#pragma once

#include <windows.h>

#include <functional>
#include <memory>
#include <system_error>
#include <utility>

namespace rm {

using Work = std::function<void()>;

inline DWORD WINAPI RunGiven(void* work) {
  (*std::unique_ptr<Work>(static_cast<Work*>(work)))();
  return 0;
}

inline void RunDetached(Work work) {
  auto given = std::make_unique<Work>(std::move(work));
  const HANDLE thread = ::CreateThread(nullptr, 0, RunGiven, given.get(), 0, nullptr);
  if (!thread)
    throw std::system_error(static_cast<int>(::GetLastError()), std::system_category(), "thread");
  (void)given.release();
  ::CloseHandle(thread);
}

}  // namespace rm
