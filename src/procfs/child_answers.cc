#include "procfs/child_answers.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <numeric>
#include <string_view>

#include "base/unique_fd.h"
#include "base/win32_codes.h"

namespace rm {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int kMostTimes = 5;

void CloseAllBut(int one, int other) {
  int first = 3;
  for (const int fd : {std::min(one, other), std::max(one, other)}) {
    if (fd > first) close_range(static_cast<unsigned>(first), static_cast<unsigned>(fd) - 1, 0);
    first = std::max(first, fd + 1);
  }
  close_range(static_cast<unsigned>(first), ~0u, 0);
}

// False, whatever happens: nothing may get out of the child and go on as if it were the caller.
bool Put(const ChildQuestions& questions, size_t number, int out) noexcept {
  try {
    const std::string answer = questions.answer(number);
    const size_t size = answer.size();
    const std::string framed =
        std::string(reinterpret_cast<const char*>(&size), sizeof size) + answer;
    for (std::string_view left = framed; !left.empty();) {
      const ssize_t put = write(out, left.data(), left.size());
      if (put <= 0) return false;
      left.remove_prefix(static_cast<size_t>(put));
    }
    return true;
  } catch (...) {
    return false;
  }
}

// In the child. It must not keep anything of the caller's open, nor outlive its timer.
[[noreturn]] void Answer(const ChildQuestions& questions, const std::vector<size_t>& numbers,
                         int out, milliseconds limit) {
  if (out < 3) out = fcntl(out, F_DUPFD, 3);
  const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int fd : {0, 1, 2})
    if (fd != questions.descriptor) dup2(nothing, fd);
  CloseAllBut(out, questions.descriptor);
  for (const int signal : {SIGALRM, SIGPIPE, SIGTERM}) std::signal(signal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(limit).count();
  const itimerval timer{.it_interval = {}, .it_value = {.tv_sec = seconds, .tv_usec = 0}};
  setitimer(ITIMER_REAL, &timer, nullptr);
  for (const size_t number : numbers) {
    if (!Put(questions, number, out)) _exit(1);
  }
  _exit(0);
}

// Its answers come one after the other; its grandparent never has to wait for it.
UniqueFd StartChild(const ChildQuestions& questions, const std::vector<size_t>& numbers,
                    milliseconds limit) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC)) return UniqueFd();
  UniqueFd in(ends[0]);
  const UniqueFd out(ends[1]);
  const pid_t between = fork();
  if (between < 0) return UniqueFd();
  if (between == 0) {
    const pid_t child = fork();
    if (child == 0) Answer(questions, numbers, out.get(), limit);
    _exit(child < 0 ? 1 : 0);
  }
  while (waitpid(between, nullptr, 0) < 0 && errno == EINTR) {
  }
  return in;
}

// None: nothing more came in time, or the child has ended.
std::optional<std::string> ReadAnswer(int in, std::string& buffer, Clock::time_point due) {
  std::array<char, 4096> page;
  for (;;) {
    if (buffer.size() >= sizeof(size_t)) {
      size_t size = 0;
      std::memcpy(&size, buffer.data(), sizeof size);
      if (buffer.size() - sizeof size >= size) {
        std::string answer = buffer.substr(sizeof size, size);
        buffer.erase(0, sizeof size + size);
        return answer;
      }
    }
    const auto left = std::chrono::ceil<milliseconds>(due - Clock::now()).count();
    pollfd ready{.fd = in, .events = POLLIN, .revents = 0};
    const int polled = poll(&ready, 1, static_cast<int>(std::max<int64_t>(left, 0)));
    if (polled < 0 && errno == EINTR) continue;
    if (polled <= 0) return std::nullopt;
    const ssize_t got = read(in, page.data(), page.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return std::nullopt;
    buffer.append(page.data(), static_cast<size_t>(got));
  }
}

}  // namespace

Result<std::vector<std::optional<std::string>>> AnswersFromChild(const ChildQuestions& questions,
                                                                 milliseconds patience) {
  const Clock::time_point end = Clock::now() + kMostTimes * patience;
  std::vector<std::optional<std::string>> answers(questions.count);
  std::vector<size_t> open(questions.count);
  std::iota(open.begin(), open.end(), 0);
  std::optional<size_t> again;  // its child was ended by somebody else: it may have another one
  while (!open.empty() && Clock::now() < end) {
    const UniqueFd in = StartChild(questions, open, kMostTimes * patience);
    if (!in) return Fail(kOutOfMemory, "Cannot start a process: {}.", strerror(errno));
    std::string buffer;
    size_t done = 0;
    Clock::time_point due;
    for (; done < open.size(); ++done) {
      due = std::min(Clock::now() + patience, end);
      answers[open[done]] = ReadAnswer(in.get(), buffer, due);
      if (!answers[open[done]]) break;
    }
    if (done == open.size()) break;
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
