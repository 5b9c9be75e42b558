#include "procfs/child_answers.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "procfs/child_process.h"
#include "procfs/frames.h"

namespace rm {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int kMostTimes = 5;

}  // namespace

Result<std::vector<std::optional<std::string>>> AnswersFromChild(const ChildQuestions& questions,
                                                                 milliseconds patience) {
  const Clock::time_point end = Clock::now() + kMostTimes * patience;
  std::vector<std::optional<std::string>> answers(questions.count);
  std::vector<size_t> open(questions.count);
  std::iota(open.begin(), open.end(), 0);
  std::optional<size_t> again;  // its child was ended by somebody else: it may have another one
  while (!open.empty() && Clock::now() < end) {
    const auto answer = [&](int out) {
      for (const size_t number : open)
        if (!WriteAll(out, Frame(questions.answer(number)))) return;
    };
    Result<UniqueFd> in = StartChild(answer, questions.descriptor, kMostTimes * patience);
    if (!in) return Pass(std::move(in));
    FrameReader reader(std::move(*in));
    size_t done = 0;
    Clock::time_point due;
    for (; done < open.size(); ++done) {
      due = std::min(Clock::now() + patience, end);
      answers[open[done]] = reader.Next(due);
      if (!answers[open[done]]) break;
    }
    if (done == open.size()) {
      // Its end of the pipe is closed with its last descriptor, after its memory: a look for users
      // that comes next does not take it for one.
      reader.Next(std::min(Clock::now() + patience, end));
      break;
    }
    const size_t unanswered = open[done];
    if (Clock::now() < due && again != unanswered) {
      again = unanswered;
      open.erase(open.begin(), open.begin() + static_cast<ptrdiff_t>(done));
      continue;
    }
    open.erase(open.begin(), open.begin() + static_cast<ptrdiff_t>(done) + 1);
    if (!questions.alike) continue;
    std::erase_if(open, [&](size_t other) { return questions.alike(unanswered, other); });
  }
  return answers;
}

}  // namespace rm
