// Who asks whether this program would leave, and what is it told? Listens, and speaks the protocol
// of docs/application-protocol.md; the program's handler decides.
#pragma once

#include <array>
#include <atomic>
#include <string_view>

#include "appside/exported.h"
#include "appside/kept.h"
#include "base/application_protocol.h"

namespace rm {

class CloseDesk {
 public:
  CloseDesk(RMX_CLOSE_HANDLER handler, void* context) : handler_(handler), context_(context) {}
  ~CloseDesk();
  CloseDesk(const CloseDesk&) = delete;

  bool Open();

  // Readable when Pump has something to do.
  int fd() const { return events_.fd; }
  // Handles what has come, without blocking. One thread at a time.
  void Pump();
  // Blocks until there is something, or WakeUp. `false`: never again.
  bool Wait() const;
  void WakeUp();
  // Listens no more, and hangs up on everybody. Also in Pump, by the handler.
  void Close();
  // In a forked child: its copies of the descriptors. Async-signal-safe.
  void CloseCopies();

 private:
  struct Line {
    Kept socket;
    Lines lines;
    DWORD installer = 0;
    bool queried = false;
  };

  bool Watch(const Kept& kept, uint32_t events, uint32_t number);
  void Accept();
  void Greet(int socket);
  void Hear(Line& line);
  void Obey(Line& line, std::string_view text);
  BOOL Call(RMX_CLOSE_REQUEST& request, DWORD what, const Line& line);
  void HangUp(Line& line);
  static void Say(Line& line, std::string_view text);

  const RMX_CLOSE_HANDLER handler_;
  void* const context_;
  Kept events_;
  Kept listener_;
  Kept wake_[2];
  std::array<Line, 16> lines_;  // more installers at once there are not
};

}  // namespace rm
