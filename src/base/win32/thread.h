// A thread that nobody waits for, and that keeps this library until it ends, whoever lets go of it
// meanwhile. Not std::thread: that of mingw-w64 takes locks of its own when it ends, and a process
// that exits at that moment kills it with them, and then waits for them itself.
#pragma once

#include <windows.h>

#include <functional>
#include <memory>
#include <new>
#include <system_error>
#include <utility>

namespace rm {

struct Work {
  std::function<void()> act;
  HMODULE library = nullptr;
};

inline DWORD WINAPI RunGiven(void* given) {
  std::unique_ptr<Work> work(static_cast<Work*>(given));
  try {
    work->act();
  } catch (const std::bad_alloc&) {
    // Who waits for what it would have done gives up.
  }
  const HMODULE library = work->library;
  work.reset();
  ::FreeLibraryAndExitThread(library, 0);
}

inline void RunDetached(std::function<void()> act) {
  auto work = std::make_unique<Work>(Work{std::move(act)});
  if (!::GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS,
                            reinterpret_cast<LPCWSTR>(&RunGiven), &work->library))
    throw std::system_error(static_cast<int>(::GetLastError()), std::system_category(), "library");
  const HANDLE thread = ::CreateThread(nullptr, 0, RunGiven, work.get(), 0, nullptr);
  if (!thread) {
    const auto why = static_cast<int>(::GetLastError());
    ::FreeLibrary(work->library);
    throw std::system_error(why, std::system_category(), "thread");
  }
  (void)work.release();
  ::CloseHandle(thread);
}

}  // namespace rm
