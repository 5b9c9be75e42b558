// A program that is better off than the caller was stopped, and could not be started again.
#include "apps/means.h"

#include <gmock/gmock.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <functional>

#include "apps/testing/programs.h"
#include "base/capabilities.h"

namespace rm {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

RelaunchSpec Us() { return rm::testing::LikeUs("/bin/true", "/dev/null"); }

// What a process without privileges lacks after `change`.
std::vector<std::string> LackingAfter(const std::function<bool()>& change) {
  const RelaunchSpec spec = Us();
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    const bool ready = SetCapabilities({}) && change();
    std::string text = ready ? "" : "the test's own child is not as it should be\n";
    const auto lacking = MeansLackingFor(spec);
    if (!lacking) text += lacking.error().message + "\n";
    for (const std::string& sentence : lacking.value_or(std::vector<std::string>{}))
      text += sentence + "\n";
    _exit(write(ends[1], text.data(), text.size()) != static_cast<ssize_t>(text.size()));
  }
  close(ends[1]);
  std::vector<std::string> sentences;
  FILE* text = fdopen(ends[0], "r");
  for (char line[200]; fgets(line, sizeof line, text);)
    sentences.emplace_back(line, strcspn(line, "\n"));
  fclose(text);
  waitpid(child, nullptr, 0);
  return sentences;
}

TEST(MeansTest, WhoIsLikeTheCallerLacksNothing) {
  EXPECT_THAT(LackingAfter([] { return true; }), IsEmpty());
}

TEST(MeansTest, ALimitThatWasLoweredForGoodIsTold) {
  EXPECT_THAT(LackingAfter([] {
                const rlimit few{64, 64};
                return setrlimit(RLIMIT_NOFILE, &few) == 0;
              }),
              ElementsAre(HasSubstr("resource limits")));
  EXPECT_THAT(LackingAfter([] {
                rlimit limit{};
                getrlimit(RLIMIT_NOFILE, &limit);
                limit.rlim_cur = 64;
                return setrlimit(RLIMIT_NOFILE, &limit) == 0;
              }),
              IsEmpty());
}

TEST(MeansTest, APriorityThatWasLoweredIsTold) {
  rlimit nice{};
  getrlimit(RLIMIT_NICE, &nice);
  if (nice.rlim_cur >= 20) GTEST_SKIP() << "needs a user who may not raise priorities";
  const auto priority = ElementsAre(HasSubstr("priority"));
  EXPECT_THAT(LackingAfter([] { return setpriority(PRIO_PROCESS, 0, 19) == 0; }), priority);
  EXPECT_THAT(LackingAfter([] {
                const sched_param none{};
                return sched_setscheduler(0, SCHED_IDLE, &none) == 0;
              }),
              priority);
}

TEST(MeansTest, PrivilegesThatWereGivenUpAreTold) {
  EXPECT_THAT(LackingAfter([] { return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0; }),
              ElementsAre(HasSubstr("privileges")));
}

TEST(MeansTest, OtherGroupsAreTold) {
  RelaunchSpec spec = Us();
  spec.groups.push_back(4242);
  const auto ours = GetCapabilities();
  ASSERT_TRUE(ours);
  const bool root = ours->effective != 0;
  EXPECT_EQ(MeansLackingFor(spec)->size(), root ? 0u : 1u);
}

}  // namespace
}  // namespace rm
