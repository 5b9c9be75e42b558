#include "abi/call.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <thread>

#include "abi/last_error.h"

namespace rm {
namespace {

TEST(CallTest, SuccessIsZeroAndLeavesErrnoAlone) {
  errno = 77;
  EXPECT_EQ(Call([]() -> Result<void> { return {}; }), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(errno, 77);
}

TEST(CallTest, AFailureBecomesItsCodeItsSentenceAndTheNearestErrno) {
  const std::pair<uint32_t, int> cases[] = {{kFileNotFound, ENOENT},
                                            {kAccessDenied, EACCES},
                                            {kInvalidHandle, EBADF},
                                            {kOutOfMemory, ENOMEM},
                                            {kWriteFault, EIO},
                                            {kSemTimeout, ETIMEDOUT},
                                            {kBadArguments, EINVAL},
                                            {kMoreData, ERANGE},
                                            {kMaxSessionsReached, EMFILE},
                                            {kSessionCredentialConflict, EPERM},
                                            {kCancelled, ECANCELED},
                                            {kFailShutdown, EBUSY},
                                            {kFailNoActionReboot, EBUSY},
                                            {kFailRestart, EBUSY}};
  for (const auto& known : cases) {
    const uint32_t code = known.first;
    errno = 0;
    EXPECT_EQ(Call([&]() -> Result<void> { return Fail(code, "code {}", code); }), code);
    EXPECT_EQ(errno, known.second) << code;
    EXPECT_EQ(LastErrorText(), "code " + std::to_string(code));
  }
}

TEST(CallTest, ACodeThatIsNotDocumentedIs29WithItsOwnSentence) {
  const auto fails = [](uint32_t code) {
    return [code]() -> Result<void> { return Fail(code, "no /proc here"); };
  };
  EXPECT_EQ((Call<kInvalidHandle, kBadArguments>(fails(kAccessDenied))), DWORD{ERROR_WRITE_FAULT});
  EXPECT_STREQ(LastErrorText(), "no /proc here");
  for (const uint32_t code :
       {kInvalidHandle, kBadArguments, kOutOfMemory, kSemTimeout, kWriteFault})
    EXPECT_EQ((Call<kInvalidHandle, kBadArguments>(fails(code))), code);
}

TEST(CallTest, NoExceptionCrosses) {
  EXPECT_EQ(Call([]() -> Result<void> { throw std::bad_alloc(); }), DWORD{ERROR_OUTOFMEMORY});
  EXPECT_STREQ(LastErrorText(), "out of memory");
  EXPECT_EQ(Call([]() -> Result<void> { throw std::runtime_error("disk on fire"); }),
            DWORD{ERROR_WRITE_FAULT});
  EXPECT_STREQ(LastErrorText(), "disk on fire");
}

TEST(CallTest, EveryThreadHasItsOwnLastFailure) {
  (void)Call([]() -> Result<void> { return Fail(kWriteFault, "mine"); });
  std::thread([] {
    EXPECT_STREQ(LastErrorText(), "");
    (void)Call([]() -> Result<void> { return Fail(kWriteFault, "another's"); });
  }).join();
  EXPECT_STREQ(LastErrorText(), "mine");
}

}  // namespace
}  // namespace rm
