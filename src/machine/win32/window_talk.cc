#include "machine/win32/window_talk.h"

#include <algorithm>
#include <mutex>

#include "base/win32/handle.h"
#include "base/win32/thread.h"
#include "machine/win32/top_levels.h"

namespace rm {
namespace {

constexpr LPARAM kCloseApp = 0x1;        // ENDSESSION_CLOSEAPP
constexpr UINT kLongestAnswer = 60'000;  // ms; who waits for it gives up before
constexpr UINT kLongestEnd = 5'100;      // ms, contract.md 11.3 G4

}  // namespace

struct WindowTalk::Shared {
  std::mutex mutex;
  std::vector<HWND> windows;
  std::vector<HWND> asked;
  TalkState state = TalkState::kOpen;
  bool over = false;
  UniqueHandle said;

  void Set(TalkState to) {
    const std::lock_guard lock(mutex);
    if (!over) state = to;
    ::SetEvent(said.get());
  }
  bool Begin(HWND window) {
    const std::lock_guard lock(mutex);
    if (over) return false;
    asked.push_back(window);
    return true;
  }
};

WindowTalk::WindowTalk(std::vector<HWND> windows, HANDLE said)
    : shared_(std::make_shared<Shared>()) {
  shared_->windows = std::move(windows);
  shared_->asked.reserve(shared_->windows.size());
  HANDLE copy = nullptr;
  ::DuplicateHandle(::GetCurrentProcess(), said, ::GetCurrentProcess(), &copy, 0, FALSE,
                    DUPLICATE_SAME_ACCESS);
  shared_->said = UniqueHandle(copy);
}

WindowTalk::~WindowTalk() {
  const std::lock_guard lock(shared_->mutex);
  shared_->over = true;
}

void WindowTalk::Query() {
  RunDetached([shared = shared_] {
    bool refused = false;
    for (HWND window : shared->windows) {
      if (!shared->Begin(window)) return;
      DWORD_PTR answer = TRUE;
      const bool answered = ::SendMessageTimeoutW(window, WM_QUERYENDSESSION, 0, kCloseApp,
                                                  SMTO_NORMAL, kLongestAnswer, &answer) != 0;
      if (!answered && ::IsWindow(window)) return;  // silence
      refused = refused || (answered && answer == FALSE);
      if (refused) shared->Set(TalkState::kRefuses);
    }
    if (!refused) shared->Set(TalkState::kAgrees);
  });
}

TalkState WindowTalk::state() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->state;
}

void WindowTalk::CallOff() {
  const std::lock_guard lock(shared_->mutex);
  shared_->over = true;
  for (HWND window : shared_->asked) ::SendNotifyMessageW(window, WM_ENDSESSION, FALSE, kCloseApp);
}

void WindowTalk::End() {
  {
    // Who answers late is told, and not asked about the rest of its windows.
    const std::lock_guard lock(shared_->mutex);
    shared_->over = true;
  }
  RunDetached([shared = shared_] {
    const auto& windows = shared->windows;
    std::vector<HWND> closed;
    std::copy_if(windows.begin(), windows.end(), std::back_inserter(closed), IsMainWindow);
    if (closed.empty()) closed = windows;
    const ULONGLONG begin = ::GetTickCount64();
    for (HWND window : windows) {
      const ULONGLONG taken = ::GetTickCount64() - begin;
      if (taken >= kLongestEnd) {
        ::SendNotifyMessageW(window, WM_ENDSESSION, TRUE, kCloseApp);
        continue;
      }
      DWORD_PTR ignored = 0;
      ::SendMessageTimeoutW(window, WM_ENDSESSION, TRUE, kCloseApp, SMTO_NORMAL,
                            static_cast<UINT>(kLongestEnd - taken), &ignored);
    }
    for (HWND window : closed) ::PostMessageW(window, WM_CLOSE, 0, 0);
  });
}

}  // namespace rm
