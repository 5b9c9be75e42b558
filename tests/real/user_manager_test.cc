// A user's service manager, asked by root: through a socket in a directory that is the user's.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
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

}  // namespace
}  // namespace rm
