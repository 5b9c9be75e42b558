#include "procfs/child_answers.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <new>
#include <string>

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

// What comes next may be a look for the users of a file, which then named a process that was ours.
TEST(ChildAnswersTest, WhoHasAnsweredUsesNothingAnyMore) {
  constexpr size_t kLongToFree = size_t{256} << 20;
  const int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(file, 0);
  const UniqueFd owned(file);
  ChildQuestions questions;
  questions.count = 1;
  questions.descriptor = file;
  questions.answer = [](size_t) {
    void* memory = mmap(nullptr, kLongToFree, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    return memory == MAP_FAILED ? "" : std::to_string(getpid());
  };
  const auto answers = AnswersFromChild(questions, std::chrono::seconds(20));
  ASSERT_TRUE(answers && (*answers)[0] && !(*answers)[0]->empty());
  const std::string of_child = "/proc/" + *(*answers)[0];
  EXPECT_NE(access((of_child + "/exe").c_str(), F_OK), 0);
  EXPECT_NE(access((of_child + "/fd/" + std::to_string(file)).c_str(), F_OK), 0);
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
