// What is one top-level window of a program, and how does its program stand after it was asked to
// close? Pure.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "model/display.h"

namespace rm {

struct TopLevel {
  pid_t pid = 0;  // who made it, as the X server knows from the socket
  uint32_t window = 0;
  bool shown = false;        // mapped, or an icon for now
  bool takes_close = false;  // WM_DELETE_WINDOW is among its WM_PROTOCOLS
  bool transient = false;    // belongs to another window: a dialog
  bool modal = false;        // _NET_WM_STATE_MODAL: the others wait for it
  std::string title;
};

// One program that is asked to close its windows.
class Closing {
 public:
  // `windows`: all of the program, before it is asked.
  explicit Closing(const std::vector<TopLevel>& windows);

  // Whom to ask: the shown main windows, else what else is shown, else all. contract.md 20 #24.
  const std::vector<uint32_t>& asked() const { return asked_; }

  // `windows`: all of the program, now. `title` of what a person has to answer: of the dialog, or
  // of its program if that has none.
  CloseState Look(const std::vector<TopLevel>& windows, std::string& title) const;

 private:
  std::vector<uint32_t> asked_;
  std::vector<uint32_t> shown_before_;
  std::string title_;
};

}  // namespace rm
