// By which ways does a process hear that it should leave, beside signals? Facts of one moment.
#pragma once

namespace rm {

struct Contact {
  bool answers = false;         // listens for the questions of docs/application-protocol.md
  bool display = false;         // was started with an X display of this machine
  bool windows = false;         // has top-level windows
  bool visible_window = false;  // one of them is shown
  bool shell = false;           // is the desktop's shell itself

  friend bool operator==(const Contact&, const Contact&) = default;
};

}  // namespace rm
