// What does one application say to the question whether it would leave? Nothing here blocks, and
// nothing that the other side sends or does not send costs more than it is worth.
#pragma once

#include <optional>
#include <string>

#include "apps/listeners.h"
#include "base/application_protocol.h"
#include "base/unique_fd.h"
#include "model/process.h"

namespace rm {

enum class Word { kYes, kNo, kDone };

struct Saying {
  Word word = Word::kYes;
  std::string reason;  // kNo: printable, may be ""
};

class Conversation {
 public:
  // None: the process does not answer. One that does, but has no time to accept anybody, is spoken
  // to without hearing it.
  static std::optional<Conversation> Begin(const ProcessId& process, const Listeners& listeners);

  void Query() { Say(kQueryLine); }
  void End() { Say(kEndLine); }
  // The last word: what was said before arrives, also if the application has not read it yet.
  void Off();

  // The next thing that it has said. None: nothing more yet.
  std::optional<Saying> Hear();

  // Nothing more is going to come: it hung up, talked nonsense, or too much.
  bool over() const { return !socket_; }
  // To poll for input; -1 when it is over.
  int fd() const { return socket_.get(); }

 private:
  explicit Conversation(UniqueFd socket) : socket_(std::move(socket)) {}
  void Say(std::string_view line);
  void Receive();
  void HangUp();  // and what it has said already means nothing
  std::optional<Saying> Understand(const std::string& line);

  UniqueFd socket_;
  Lines lines_;
  size_t received_ = 0;
  bool greeted_ = false;
};

}  // namespace rm
