// On which X display may a process have windows, and with whose rights is that display asked?
#pragma once

#include <sys/types.h>

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace rm {

// What the process was started with. Others wrote it: good for the eyes of a program that runs with
// the rights of `uid` and no more.
struct DisplayAccess {
  uid_t uid = 0;  // real ones of the process
  gid_t gid = 0;
  std::string display;    // ":0", always of this machine
  std::string authority;  // absolute path of $XAUTHORITY; "" if it has none
  std::string home;       // $HOME, where the authority file is else; ""

  friend auto operator<=>(const DisplayAccess&, const DisplayAccess&) = default;
};

// ":N" for what $DISPLAY may say of a display of this machine (X(7)). None: it is another
// machine's, or malformed.
std::optional<std::string> LocalDisplay(std::string_view display);

enum class CloseState {
  kNone,     // no window that could be asked
  kOpen,     // still there
  kWaiting,  // shows something that it did not show before: a person has to answer
  kClosed,   // nothing is shown any more that could be asked
};

// What rm-windows says, in lines. It is told "who" or "close PID".
struct WindowWord {
  enum Kind {
    kHas,      // a process has top-level windows, `shown`: a person sees one of them
    kEnd,      // that were all
    kState,    // how a process stands that was asked to close
    kTrouble,  // the display cannot be asked; `text` says why
  };
  Kind kind = kEnd;
  pid_t pid = 0;
  bool shown = false;
  CloseState state = CloseState::kNone;
  std::string text;  // kState: the title of what waits for an answer

  friend bool operator==(const WindowWord&, const WindowWord&) = default;
};

inline constexpr size_t kMostWindowWord = 1024;  // bytes of a line

// With its newline.
std::string ToLine(const WindowWord& word);
// Without. None: not written by ToLine.
std::optional<WindowWord> ParseWindowWord(std::string_view line);

}  // namespace rm
