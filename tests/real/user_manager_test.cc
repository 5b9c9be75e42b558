// A user's service manager, asked by root: through a socket in a directory that is the user's.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include <filesystem>

#include "base/win32_codes.h"
#include "real/instance.h"

namespace rm {
namespace {

constexpr uid_t kUser = 1000;

TEST(UserManager, IsHeldLikeTheSystems) {
  const std::unique_ptr<Manager> manager = Connected(kUser);
  Program owner({"/bin/bash"});
  Units units(*manager, {"rt-user.service"});
  const pid_t before = units.Pids().front();
  TestHold hold(*manager, owner.id(), units.names());
  struct stat guard = {};
  ASSERT_EQ(stat(("/proc/" + std::to_string(hold.GuardPid())).c_str(), &guard), 0);
  EXPECT_EQ(guard.st_uid, kUser);
  ASSERT_TRUE(manager->QueueRestart("rt-user.service"));
  ASSERT_TRUE(units.AwaitDown());
  owner.Kill();
  EXPECT_TRUE(units.AwaitRunning());
  EXPECT_NE(units.Pids().front(), before);
}

// Each of a hundred calls waited for its return.
TEST(UserManager, ThatIsGoneIsWaitedForOnce) {
  const std::unique_ptr<Manager> manager = Connected(kUser);
  ASSERT_TRUE(manager->Query("rt-user.service"));
  ASSERT_EQ(Program({"/bin/systemctl", "stop", "user@1000.service"}).Wait(), 0);
  const TimePoint begin = Clock::now();
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(manager->Query("rt-user.service"));
  EXPECT_LT(Clock::now() - begin, 8 * kUserCallLimit);
  EXPECT_EQ(Program({"/bin/systemctl", "start", "user@1000.service"}).Wait(), 0);
}

TEST(UserManager, OfNobodyIsNotFound) {
  const auto manager = Manager::Connect(4242);
  ASSERT_FALSE(manager);
  EXPECT_EQ(manager.error().code, kFileNotFound);
}

class Redirected : public testing::Test {
 protected:
  Redirected() { std::filesystem::create_directories("/run/user/1001/systemd"); }
  ~Redirected() override { std::filesystem::remove_all("/run/user/1001"); }

  uint32_t Refusal() {
    const auto manager = Manager::Connect(1001);
    return manager ? kSuccess : manager.error().code;
  }

  static constexpr const char* kSocket = "/run/user/1001/systemd/private";
};

TEST_F(Redirected, ByASymlinkToTheSystemManagerIsRefused) {
  ASSERT_EQ(symlink("/run/systemd/private", kSocket), 0);
  EXPECT_EQ(Refusal(), kAccessDenied);
}

TEST_F(Redirected, ByASymlinkedDirectoryIsRefused) {
  ASSERT_EQ(rmdir("/run/user/1001/systemd"), 0);
  ASSERT_EQ(symlink("/run/systemd", "/run/user/1001/systemd"), 0);
  EXPECT_EQ(Refusal(), kAccessDenied);
}

TEST_F(Redirected, ByAHardLinkToTheSystemManagerIsRefused) {
  ASSERT_EQ(link("/run/systemd/private", kSocket), 0);
  EXPECT_EQ(Refusal(), kAccessDenied);
}

TEST_F(Redirected, ToAnotherUsersListenerIsRefused) {
  const UniqueFd listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  struct sockaddr_un address = {AF_UNIX, "/run/user/1001/systemd/private"};
  ASSERT_EQ(bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(listen(listener.get(), 1), 0);
  EXPECT_EQ(Refusal(), kAccessDenied);
}

// Answers each call, two seconds late, until it is hung up on.
[[noreturn]] void AnswerLate(int listener) {
  sd_id128_t id{};
  sd_bus* bus = nullptr;
  if (sd_bus_new(&bus) < 0) _exit(1);
  const int asked = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (sd_bus_set_fd(bus, asked, asked) < 0 || sd_bus_set_server(bus, 1, id) < 0 ||
      sd_bus_set_anonymous(bus, 1) < 0 || sd_bus_start(bus) < 0) {
    _exit(1);
  }
  while (true) {
    sd_bus_message* call = nullptr;
    const int more = sd_bus_process(bus, &call);
    if (more < 0) _exit(0);
    if (call) {
      poll(nullptr, 0, 2000);
      sd_bus_reply_method_errorf(call, "org.example.Late", "late");
      sd_bus_message_unref(call);
    }
    if (more == 0) sd_bus_wait(bus, UINT64_MAX);
  }
}

// That of a hundred units would have cost minutes.
TEST_F(Redirected, ToOneThatAnswersJustInTimeIsGivenUp) {
  ASSERT_EQ(chown("/run/user/1001/systemd", 1001, 1001), 0);
  const pid_t child = fork();
  if (child == 0) {
    if (setresuid(1001, 1001, 1001) != 0) _exit(1);
    const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un address = {AF_UNIX, "/run/user/1001/systemd/private"};
    if (bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        listen(listener, 1) != 0) {
      _exit(1);
    }
    AnswerLate(listener);
  }
  Result<std::unique_ptr<Manager>> manager = Manager::Connect(1001);
  for (const TimePoint end = Clock::now() + kLimit; !manager && Clock::now() < end;)
    manager = Manager::Connect(1001);
  ASSERT_TRUE(manager) << manager.error().message;
  const TimePoint begin = Clock::now();
  std::string last;
  for (int i = 0; i < 20; ++i) {
    const auto told = (*manager)->Query("a.service");
    ASSERT_FALSE(told);
    last = told.error().message;
  }
  EXPECT_NE(last.find("did not answer before"), last.npos) << last;
  EXPECT_LT(Clock::now() - begin, 6 * kUserCallLimit);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
}

}  // namespace
}  // namespace rm
