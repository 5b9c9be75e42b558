// How do an installer and an application talk? In lines of text: docs/application-protocol.md.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

namespace rm {

inline constexpr std::string_view kGreeting = "restartapp 1";  // the application's first line
inline constexpr std::string_view kQueryLine = "query closeapp";
inline constexpr std::string_view kEndLine = "end closeapp";
inline constexpr std::string_view kOffLine = "off";
inline constexpr std::string_view kYesLine = "yes";
inline constexpr std::string_view kNoLine = "no";
inline constexpr std::string_view kDoneLine = "done";

inline constexpr size_t kLongestLine = 1024;  // bytes, with the line feed

// With what the abstract address begins where this process listens; any text follows.
std::string ListenerPrefix(pid_t pid);

// Is this the line, or a later version of it, with more words behind?
bool IsLine(std::string_view line, std::string_view known);

// Bytes as they come ──> whole lines.
class Lines {
 public:
  // `false`: a line is too long; what came before it is there, what follows means nothing.
  bool Add(std::string_view bytes);
  // Without its line feed. None: no whole line is there.
  std::optional<std::string> Next();

 private:
  std::string text_;
};

}  // namespace rm
