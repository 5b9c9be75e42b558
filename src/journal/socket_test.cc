#include "journal/socket.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <filesystem>

#include "base/unique_fd.h"

namespace rm {
namespace {

JournalRecord Saying(const std::string& text) {
  return {JournalEvent::kSessionBegins, {{"MESSAGE", text}, {"RM_EVENT", "10000"}}};
}

class JournalSocketTest : public ::testing::Test {
 protected:
  JournalSocketTest() : path_(directory_ + "/socket") {}
  ~JournalSocketTest() override { std::filesystem::remove_all(directory_); }

  void Listen() {
    listener_.Reset(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    path_.copy(at.sun_path, sizeof at.sun_path - 1);
    ASSERT_EQ(bind(listener_.get(), reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
  }
  std::string Receive() {
    std::string datagram(1 << 20, '\0');
    const ssize_t size = recv(listener_.get(), datagram.data(), datagram.size(), 0);
    datagram.resize(size > 0 ? static_cast<size_t>(size) : 0);
    return datagram;
  }

  static std::string MakeDirectory() {
    char name[] = "/tmp/rm-journal-XXXXXX";
    return mkdtemp(name);
  }
  std::string directory_ = MakeDirectory();
  std::string path_;
  UniqueFd listener_;
};

TEST_F(JournalSocketTest, ARecordIsOneDatagram) {
  Listen();
  ToJournal(path_, "")(Saying("hello"));
  EXPECT_EQ(Receive(), "MESSAGE=hello\nRM_EVENT=10000\n");
  EXPECT_EQ(Receive(), "");
}

// Else a file's name could forge fields.
TEST_F(JournalSocketTest, AValueWithALineFeedIsSentWithItsLength) {
  Listen();
  ToJournal(path_, "")(Saying("a\nPRIORITY=0"));
  EXPECT_EQ(Receive(),
            std::string("MESSAGE\n\x0c\0\0\0\0\0\0\0a\nPRIORITY=0\nRM_EVENT=10000\n", 44));
}

// journald looks the writer's unit up when it reads, and a writer that failed may have ended by
// then: `journalctl -u restart-manager-recover` lacked the reason, one time in four on a busy boot.
TEST_F(JournalSocketTest, WhatIsOfNoUnitIsOfTheWriters) {
  Listen();
  ToJournal(path_, "a.service")(Saying("hello"));
  EXPECT_EQ(Receive(), "MESSAGE=hello\nRM_EVENT=10000\nOBJECT_SYSTEMD_UNIT=a.service\n");
  for (const char* of : {kObjectUnit, kObjectUserUnit}) {
    JournalRecord record = Saying("hello");
    record.fields.push_back({of, "b.service"});
    ToJournal(path_, "a.service")(record);
    EXPECT_EQ(Receive(), fmt::format("MESSAGE=hello\nRM_EVENT=10000\n{}=b.service\n", of));
  }
}

TEST_F(JournalSocketTest, WithoutAJournalNothingHappensAndErrnoStays) {
  errno = E2BIG;
  ToJournal();
  ToJournal(path_, "")(Saying("nobody listens"));
  ToJournal(std::string(5000, 'x'), "")(Saying("no path of a socket"));
  EXPECT_EQ(errno, E2BIG);
}

// A full queue: a sender that waits would hang here.
TEST_F(JournalSocketTest, AJournalThatDoesNotKeepUpIsNotWaitedFor) {
  Listen();
  for (int i = 0; i < 5000; ++i) ToJournal(path_, "")(Saying("again"));
  EXPECT_NE(Receive(), "");
}

TEST_F(JournalSocketTest, TheLargestRecordFitsIntoADatagram) {
  Listen();
  Registration batch;
  for (int i = 0; i < 1000; ++i) {
    batch.files.push_back({std::string(4095, 'f'), {}, {}});
    batch.services.push_back({std::nullopt, std::string(255, 's')});
    batch.processes.push_back({4'000'000, 1});
  }
  ToJournal(path_, "")(ResourcesRegistered({}, {1000, 1000, 1000, batch}));
  EXPECT_NE(Receive(), "");
  std::vector<App> apps(1000);
  for (App& app : apps) {
    app.name.assign(255, 'n');
    app.why_not_stoppable.assign(300, 'w');
    app.reasons = 1;
  }
  ToJournal(path_, "")(RebootNeeded({}, apps, 1));
  EXPECT_NE(Receive(), "");
}

}  // namespace
}  // namespace rm
