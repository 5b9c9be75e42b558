// Which windows does an X display show, and whose are they? Also sends them away.
//
// Whose a window is comes from the server (X-Resource 1.2), which knows the process at the other
// end of each connection; _NET_WM_PID is what anybody writes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "x11/top_level.h"

namespace rm {

// Everything here blocks for as long as the server does not answer: a process of its own, that may
// be killed, is the place for it.
class Display {
 public:
  // ":0". The cookie comes from the file that $XAUTHORITY names. 5: there is no such server, or it
  // does not let us in, or is too old.
  static Result<Display> Connect(const std::string& name);

  // Ready to read: something may have happened.
  int fd() const;
  // Takes in what happened. False: nothing. 5: the server is gone.
  Result<bool> Dispatch();

  // Of all programs on this display. Windows that vanish meanwhile are left out.
  Result<std::vector<TopLevel>> TopLevels();

  // From now on windows that come and go, and what happens to this one, are events.
  void WatchAll();
  void Watch(uint32_t window);

  // WM_DELETE_WINDOW (ICCCM 4.2.8.1): as if its user had closed it.
  void AskToClose(uint32_t window);

 private:
  struct Connection;
  struct Deleter {
    void operator()(Connection* connection) const;
  };
  using ConnectionPointer = std::unique_ptr<Connection, Deleter>;

  explicit Display(ConnectionPointer connection) : connection_(std::move(connection)) {}

  ConnectionPointer connection_;
};

}  // namespace rm
