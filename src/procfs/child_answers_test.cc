#include "procfs/child_answers.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <new>

#include "base/unique_fd.h"

namespace rm {
namespace {

using ::testing::ElementsAre;
using ::testing::Optional;

// Thrown out of the child it went on in the caller's code, as a second caller: it ended the
// session that the first one worked in.
TEST(ChildAnswersTest, WhoHasNoMemoryToAnswerEndsAndGoesOnNowhereElse) {
  const pid_t caller = getpid();
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const UniqueFd in(ends[0]);
  UniqueFd out(ends[1]);
  ChildQuestions questions;
  questions.count = 2;
  questions.descriptor = out.get();
  questions.answer = [](size_t number) -> std::string {
    if (number == 1) throw std::bad_alloc();
    return "yes";
  };
  questions.alike = [](size_t, size_t) { return false; };
  std::vector<std::optional<std::string>> answers;
  try {
    answers = AnswersFromChild(questions, std::chrono::seconds(20)).value();
  } catch (...) {
  }
  if (getpid() != caller) _exit(write(out.get(), "x", 1) == 1 ? 1 : 2);
  out.Reset();
  char second_caller = 0;
  EXPECT_EQ(read(in.get(), &second_caller, 1), 0) << "until all who have the other end are gone";
  EXPECT_THAT(answers, ElementsAre(Optional(std::string("yes")), std::nullopt));
}

// In a program that has closed its standard streams, as daemons do, the descriptor that the answers
// need has the number of one of them. It was taken for one.
TEST(ChildAnswersTest, TheDescriptorMayHaveTheNumberOfAStandardStream) {
  const pid_t daemon = fork();
  if (daemon == 0) {
    for (const int stream : {0, 1, 2}) close(stream);
    if (open("/proc", O_RDONLY | O_DIRECTORY) != 0) _exit(1);
    ChildQuestions questions;
    questions.count = 1;
    questions.descriptor = 0;
    questions.answer = [](size_t) {
      return std::string(openat(0, "self", O_PATH | O_CLOEXEC) >= 0 ? "there" : "lost");
    };
    const auto answers = AnswersFromChild(questions, std::chrono::seconds(20));
    _exit(answers && (*answers)[0] == "there" ? 0 : 2);
  }
  int status = 0;
  ASSERT_EQ(waitpid(daemon, &status, 0), daemon);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace rm
