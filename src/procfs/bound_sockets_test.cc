// Who is bound to this socket? On the live kernel.
#include "procfs/bound_sockets.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <functional>
#include <future>
#include <thread>

#include "holder/holder.h"
#include "procfs/holders.h"
#include "procfs/identity.h"

namespace rm {
namespace {

UniqueFd BindTo(const std::string& path) {
  UniqueFd bound(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  EXPECT_EQ(bind(bound.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0) << path;
  return bound;
}

FileTarget Target(const std::string& path) {
  const auto file = IdentifyFile(path);
  EXPECT_TRUE(file && file->at_registration) << path;
  return {.identity = file->at_registration.value_or(FileIdentity{})};
}

// The descriptors of this very process alone.
std::vector<int> Descriptors(const FileTarget& target) {
  const auto proc = ProcTree::Open();
  ScanOptions options;
  options.only = {getpid()};
  const auto scan = FindHolders(*proc, std::span(&target, 1), options);
  EXPECT_TRUE(scan);
  std::vector<int> fds;
  for (const Holding& h : scan->holdings) fds.push_back(h.fd);
  return fds;
}

// In a child, without the right to ask a socket what it is bound to.
bool HoldsUnprivileged(const std::function<bool()>& work) {
  const pid_t child = fork();
  if (child == 0) {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct none[2]{};
    _exit(syscall(SYS_capset, &header, none) == 0 && work() ? 0 : 1);
  }
  int status = 1;
  waitpid(child, &status, 0);
  return status == 0;
}

class BoundSocketsTest : public testing::Test {
 protected:
  test::TemporaryDirectory at_;
  const std::string path_ = at_.path() + "/socket";
  const UniqueFd socket_ = BindTo(path_);
};

TEST_F(BoundSocketsTest, TheDescriptorOfTheSocketIsTold) {
  const UniqueFd other = BindTo(at_.path() + "/other");
  EXPECT_THAT(Descriptors(Target(path_)), testing::ElementsAre(socket_.get()));
  EXPECT_TRUE(HoldsUnprivileged([&] { return Descriptors(Target(path_)).size() == 1; }));
}

// A thread alone was there, or the socket is all that is left of it.
TEST_F(BoundSocketsTest, ASocketOfANetworkNamespaceWithoutProcessesIsFound) {
  if (geteuid() != 0) GTEST_SKIP() << "lacks root, to enter a network namespace";
  const std::string path = at_.path() + "/elsewhere";
  UniqueFd elsewhere;
  bool entered = false;
  std::thread([&] {
    entered = unshare(CLONE_NEWNET) == 0;
    if (entered) elsewhere = BindTo(path);
  }).join();
  if (!entered) GTEST_SKIP() << "lacks network namespaces";
  EXPECT_THAT(Descriptors(Target(path)), testing::ElementsAre(elsewhere.get()));
  EXPECT_THAT(Descriptors(Target(path_)), testing::ElementsAre(socket_.get()));
}

TEST_F(BoundSocketsTest, ASocketThatOneThreadAloneHasIsFound) {
  if (geteuid() != 0) GTEST_SKIP() << "lacks root, to enter a network namespace";
  const UniqueFd thread_of_ours(static_cast<int>(syscall(SYS_pidfd_open, getpid(), O_EXCL)));
  if (!thread_of_ours) GTEST_SKIP() << "lacks pidfds of threads (Linux 6.9)";
  const std::string path = at_.path() + "/elsewhere";
  std::promise<int> ready;
  std::promise<void> enough;
  std::thread holder([&] {
    UniqueFd elsewhere;
    if (unshare(CLONE_FILES | CLONE_NEWNET) == 0) elsewhere = BindTo(path);
    ready.set_value(elsewhere.get());
    enough.get_future().wait();
  });
  const int fd = ready.get_future().get();
  EXPECT_TRUE(fd < 0 || Descriptors(Target(path)) == std::vector{fd});
  enough.set_value();
  holder.join();
  if (fd < 0) GTEST_SKIP() << "lacks network namespaces";
}

TEST_F(BoundSocketsTest, AnEarlierSocketOfTheSameNumberIsAnother) {
  if (geteuid() != 0) GTEST_SKIP() << "lacks root, to ask a socket what it is bound to";
  FileTarget earlier = Target(path_);
  if (!earlier.identity.btime_ns) GTEST_SKIP() << "lacks birth times";
  earlier.previous = true;
  EXPECT_EQ(Descriptors(earlier).size(), 1u);
  --earlier.identity.btime_ns;
  EXPECT_THAT(Descriptors(earlier), testing::IsEmpty());
}

TEST_F(BoundSocketsTest, WhereNobodyAsksForASocketNoneIsLookedFor) {
  const auto proc = ProcTree::Open();
  FileTarget file = Target(path_);
  struct stat found {};
  ASSERT_EQ(fstat(socket_.get(), &found), 0);
  const pid_t self = getpid();
  EXPECT_TRUE(
      BoundSockets(*proc, TargetSet(std::span(&file, 1)), std::span(&self, 1)).Of(found.st_ino));
  file.identity.mode = S_IFREG | 0644;
  EXPECT_FALSE(
      BoundSockets(*proc, TargetSet(std::span(&file, 1)), std::span(&self, 1)).Of(found.st_ino));
}

}  // namespace
}  // namespace rm
