// How is something asked that may never be answered? By a process that can be left behind.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace rm {

struct ChildQuestions {
  size_t count = 0;
  // The answer to question number i, as bytes; runs in the child.
  std::function<std::string(size_t)> answer;
  // Whether `other` would wait for the same as the one that was not answered; none: it would not.
  std::function<bool(size_t unanswered, size_t other)> alike;
  int descriptor = -1;  // the one of the caller's that `answer` needs
};

// Each question is answered by a child that is no child of the caller's for long and has none of
// its descriptors but that one. None: no answer within `patience`, or one like it had none; then
// another child goes on. After five times `patience` all that is left is none. Who has answered all
// has ended, and uses no file any more, unless it needs longer than `patience` for that. A child
// that hangs is killed by a timer of its own as soon as the kernel lets go of it. 14: no child can
// be started.
Result<std::vector<std::optional<std::string>>> AnswersFromChild(
    const ChildQuestions& questions, std::chrono::milliseconds patience);

}  // namespace rm
