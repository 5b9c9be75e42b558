#include "procfs/in_flight.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string>

#include "holder/holder.h"
#include "procfs/identity.h"

namespace rm {
namespace {

using testing::Eq;
using testing::Optional;

class InFlightTest : public testing::Test {
 protected:
  void SetUp() override {
    int ends[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends), 0);
    in_.Reset(ends[0]);
    out_.Reset(ends[1]);
    file_.Reset(open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    ASSERT_TRUE(file_);
  }
  void Send(int fd) {
    char byte = 'x';
    iovec content{&byte, 1};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &content;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof fd);
    std::memcpy(CMSG_DATA(part), &fd, sizeof fd);
    ASSERT_EQ(sendmsg(out_.get(), &message, 0), 1);
  }
  uint64_t Inode() {
    struct stat found {};
    EXPECT_EQ(fstat(in_.get(), &found), 0);
    return found.st_ino;
  }
  std::optional<bool> MayHave(const std::string& path, uint64_t count) {
    const Result<FileResource> file = IdentifyFile(path);
    EXPECT_TRUE(file && file->at_registration) << path;
    const std::array targets{FileTarget{.identity = *file->at_registration}};
    return MayHaveInFlight(getpid(), in_.get(), Inode(), count, TargetSet(targets));
  }

  const test::TemporaryDirectory at_;
  const std::string path_ = at_.Write("file"), other_ = at_.Write("other");
  UniqueFd in_, out_, file_;
};

TEST_F(InFlightTest, WhatIsInTheNextMessageIsKnown) {
  Send(file_.get());
  EXPECT_THAT(MayHave(path_, 1), Optional(true));
  EXPECT_THAT(MayHave(other_, 1), Optional(false));
}

TEST_F(InFlightTest, WhatIsBehindItMayBeAnything) {
  Send(file_.get());
  Send(file_.get());
  EXPECT_THAT(MayHave(other_, 2), Optional(true));
}

TEST_F(InFlightTest, ASocketMayHaveMoreInIt) {
  Send(out_.get());
  EXPECT_THAT(MayHave(other_, 1), Optional(true));
}

TEST_F(InFlightTest, AnotherSocketThanTheOneThatWasAskedAboutSaysNothing) {
  Send(file_.get());
  const Result<FileResource> file = IdentifyFile(other_);
  const std::array targets{FileTarget{.identity = *file->at_registration}};
  EXPECT_THAT(MayHaveInFlight(getpid(), in_.get(), Inode() + 1, 1, TargetSet(targets)),
              Optional(true));
}

TEST_F(InFlightTest, TheMessageStaysForWhomItIs) {
  Send(file_.get());
  EXPECT_THAT(MayHave(other_, 1), Optional(false));
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  char byte = 0;
  iovec content{&byte, 1};
  msghdr message{};
  message.msg_iov = &content;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ASSERT_EQ(recvmsg(in_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC), 1);
  cmsghdr* part = CMSG_FIRSTHDR(&message);
  ASSERT_NE(part, nullptr);
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(part), sizeof fd);
  const UniqueFd received(fd);
  struct stat got {
  }, sent{};
  ASSERT_EQ(fstat(received.get(), &got) + fstat(file_.get(), &sent), 0);
  EXPECT_EQ(got.st_ino, sent.st_ino);
}

TEST_F(InFlightTest, WhoPeeksAtHisMessagesIsNotMovedOn) {
  const int at = 0;
  ASSERT_EQ(setsockopt(in_.get(), SOL_SOCKET, SO_PEEK_OFF, &at, sizeof at), 0);
  Send(file_.get());
  EXPECT_THAT(MayHave(other_, 1), Optional(true));
  int offset = -1;
  socklen_t size = sizeof offset;
  ASSERT_EQ(getsockopt(in_.get(), SOL_SOCKET, SO_PEEK_OFF, &offset, &size), 0);
  EXPECT_THAT(offset, Eq(0));
}

}  // namespace
}  // namespace rm
