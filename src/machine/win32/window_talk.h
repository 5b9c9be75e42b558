// What do the windows of one process hear, and what do they say? contract.md 11.3, G1 to G9.
//
// Each conversation has a thread of its own, because a window may take its time. The thread may
// outlive the conversation by some seconds; it keeps nothing but what they share.
#pragma once

#include <windows.h>

#include <memory>
#include <vector>

namespace rm {

enum class TalkState {
  kOpen,     // not everybody has answered
  kAgrees,   // everybody has, with TRUE
  kRefuses,  // somebody said FALSE
};

class WindowTalk {
 public:
  // `said` is an event: set whenever the state changes.
  WindowTalk(std::vector<HWND> windows, HANDLE said);
  ~WindowTalk();

  void Query();
  TalkState state() const;
  // WM_ENDSESSION with FALSE to everybody who was asked.
  void CallOff();
  // WM_ENDSESSION with TRUE to everybody; then WM_CLOSE to the main windows, or to all if there is
  // none: as soon as the instruction is done with, or 5.1 s after it.
  void End();

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace rm
