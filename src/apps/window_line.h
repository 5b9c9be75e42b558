// What does a display say about the windows of its programs? Asked of rm-windows, which runs with
// the rights of the display's user, and hangs as long as the display does.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "model/display.h"

namespace rm {

// Nothing here blocks. What is heard is the word of that user: good for that user's processes.
class WindowLine {
 public:
  // Starts `program` (rm-windows), with nothing of ours but one end of a socket. 5, 14: it cannot
  // be started.
  static Result<WindowLine> Start(const std::string& program, const DisplayAccess& access);

  WindowLine(WindowLine&& other) noexcept;
  WindowLine& operator=(WindowLine&& other) noexcept;
  // Ends rm-windows, whatever it is at.
  ~WindowLine();

  // Answered by kHas for each process with windows, then kEnd.
  void AskWho() { Say("who\n"); }
  // Asks the windows of this process to close. Answered by kState, now and at each change.
  void Close(pid_t pid);

  // The next word. None: nothing more yet.
  std::optional<WindowWord> Hear();

  // Nothing more is going to come.
  bool over() const { return !socket_; }
  // To poll for input; -1 when it is over.
  int fd() const { return socket_.get(); }

 private:
  WindowLine(UniqueFd socket, pid_t child, UniqueFd pidfd)
      : socket_(std::move(socket)), child_(child), pidfd_(std::move(pidfd)) {}
  void Say(const std::string& line);
  void Receive();
  void End();

  UniqueFd socket_;
  pid_t child_ = 0;
  UniqueFd pidfd_;
  std::string text_;
};

}  // namespace rm
