// Is the right process spoken to, and can it do harm by what it says?
#include "apps/conversation.h"

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <csignal>
#include <cstddef>
#include <cstring>

#include "apps/listener_table.h"
#include "apps/testing/programs.h"

namespace rm {
namespace {

using namespace rm::testing;

UniqueFd ListenAt(const std::string& name, int backlog = 4) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  UniqueFd listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  EXPECT_EQ(bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(listen(listener.get(), backlog), 0);
  return listener;
}

std::string AddressOf(pid_t pid, const std::string& tail) { return ListenerPrefix(pid) + tail; }

ProcessId Self() { return Identify(getpid()); }

// We are both sides.
class ConversationTest : public ::testing::Test {
 protected:
  void Begin() {
    auto begun = Conversation::Begin(Self(), Listeners::Among({Self()}));
    ASSERT_TRUE(begun);
    talk_.emplace(std::move(*begun));
    line_.Reset(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    ASSERT_TRUE(line_);
  }
  void Answer(const std::string& text) {
    EXPECT_EQ(send(line_.get(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  std::string Told() {
    char text[256];
    const ssize_t size = recv(line_.get(), text, sizeof text, MSG_DONTWAIT);
    return size > 0 ? std::string(text, static_cast<size_t>(size)) : "";
  }

  UniqueFd listener_ = ListenAt(AddressOf(getpid(), "test"));
  std::optional<Conversation> talk_;
  UniqueFd line_;
};

TEST_F(ConversationTest, AQuestionAndItsAnswers) {
  Begin();
  talk_->Query();
  EXPECT_EQ(Told(), "query closeapp\n");
  EXPECT_FALSE(talk_->Hear());
  Answer("restartapp 1 some more\nmaybe\nyes\nno");
  EXPECT_EQ(talk_->Hear()->word, Word::kYes);
  EXPECT_FALSE(talk_->Hear());
  Answer(" unsaved\twork\nno\ndone later\n");
  auto refusal = talk_->Hear();
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->word, Word::kNo);
  EXPECT_EQ(refusal->reason, "unsaved?work");
  refusal = talk_->Hear();
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->reason, "");
  EXPECT_EQ(talk_->Hear()->word, Word::kDone);
  talk_->End();
  EXPECT_EQ(Told(), "end closeapp\n");
}

TEST_F(ConversationTest, WhoDoesNotGreetFirstIsNotHeardLaterEither) {
  Begin();
  Answer("hello\nrestartapp 1\nyes\n");
  EXPECT_FALSE(talk_->Hear());
  EXPECT_TRUE(talk_->over());
  EXPECT_FALSE(talk_->Hear());
}

TEST_F(ConversationTest, AReasonIsCutBetweenCharacters) {
  Begin();
  Answer("restartapp 1\nno x");
  for (int i = 0; i < 150; ++i) Answer("ü");
  Answer("\n");
  const auto refusal = talk_->Hear();
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->reason.size(), 199u);
}

TEST_F(ConversationTest, WhoDoesNotGreetIsNotHeard) {
  Begin();
  Answer("restartapp 2\nyes\n");
  EXPECT_FALSE(talk_->Hear());
  EXPECT_TRUE(talk_->over());
}

TEST_F(ConversationTest, ALineWithoutEndEndsIt) {
  Begin();
  Answer("restartapp 1\n" + std::string(2000, 'y'));
  EXPECT_FALSE(talk_->Hear());
  EXPECT_TRUE(talk_->over());
}

TEST_F(ConversationTest, WhoTalksForeverIsCutShort) {
  Begin();
  Answer("restartapp 1\n");
  const std::string chatter = std::string(1000, 'x') + "\n";
  for (int i = 0; i < 100 && !talk_->over(); ++i) {
    Answer(chatter);
    (void)talk_->Hear();
  }
  EXPECT_TRUE(talk_->over());
}

TEST_F(ConversationTest, WhatWasSaidBeforeHangingUpArrivesThoughTheGreetingWasNotRead) {
  Begin();
  Answer("restartapp 1\n");
  talk_->Query();
  talk_->Off();
  EXPECT_EQ(Told(), "query closeapp\noff\n");
}

TEST_F(ConversationTest, WhoHangsUpIsOver) {
  Begin();
  Answer("restartapp 1\nyes\n");
  line_.Reset();
  EXPECT_EQ(talk_->Hear()->word, Word::kYes);
  EXPECT_FALSE(talk_->Hear());
  EXPECT_TRUE(talk_->over());
}

TEST_F(ConversationTest, WhoAcceptsNobodyIsSpokenToInVain) {
  listener_.Reset();
  listener_ = ListenAt(AddressOf(getpid(), "full"), 0);
  std::vector<Conversation> before;
  for (int i = 0; i < 10; ++i) {
    auto talk = Conversation::Begin(Self(), Listeners::Among({Self()}));
    ASSERT_TRUE(talk);
    before.push_back(std::move(*talk));
  }
  EXPECT_TRUE(before.back().over());
  before.back().Query();
  EXPECT_FALSE(before.back().Hear());
}

Listeners Among(const ProcessId& process) { return Listeners::Among({process}); }

TEST(Listeners, ASquatterIsNotTheProcessWhoseNumberItTakes) {
  const pid_t child = Fork([] {
    while (true) pause();
  });
  const UniqueFd squatter = ListenAt(AddressOf(child, "mine"));
  EXPECT_FALSE(Among(Identify(child)).Of(Identify(child)));
  EXPECT_FALSE(Conversation::Begin(Identify(child), Among(Identify(child))));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
}

// 4,096 once were all that was looked at.
TEST(Listeners, ThousandsOfSquattersDoNotHideTheProcess) {
  constexpr int kSquatters = 40, kEach = 900;
  std::vector<pid_t> squatters;
  for (int i = 0; i < kSquatters; ++i) {
    int ready[2];
    ASSERT_EQ(pipe(ready), 0);
    squatters.push_back(Fork([&] {
      std::vector<UniqueFd> listeners;
      for (int n = 0; n < kEach; ++n)
        listeners.push_back(
            ListenAt(AddressOf(getppid(), std::to_string(i) + "." + std::to_string(n))));
      close(ready[1]);
      while (true) pause();
    }));
    close(ready[1]);
    char none;
    EXPECT_EQ(read(ready[0], &none, 1), 0);
    close(ready[0]);
  }
  const UniqueFd listener = ListenAt(AddressOf(getpid(), "mine"));
  EXPECT_EQ(Among(Self()).Of(Self()), AddressOf(getpid(), "mine"));
  EXPECT_TRUE(Conversation::Begin(Self(), Among(Self())));
  for (const pid_t squatter : squatters) {
    kill(squatter, SIGKILL);
    waitpid(squatter, nullptr, 0);
  }
}

// In /proc/net/unix a name with a line feed in it makes a line of its own.
TEST(Listeners, ANameThatLooksLikeALineDoesNotLeadToIts) {
  const UniqueFd listener = ListenAt(AddressOf(getpid(), "mine"));
  struct stat about {};
  ASSERT_EQ(fstat(listener.get(), &about), 0);
  std::vector<UniqueFd> squatters;
  for (int i = 0; i < 64; ++i)
    squatters.push_back(ListenAt(std::to_string(i) +
                                 "\n: : : 00010000 0001 : " + std::to_string(about.st_ino) + " @" +
                                 AddressOf(getpid(), "squatter")));
  EXPECT_EQ(Among(Self()).Of(Self()), AddressOf(getpid(), "mine"));
}

TEST(Listeners, AChildWithAnInheritedSocketIsNotItsParent) {
  const UniqueFd listener = ListenAt(AddressOf(getpid(), "inherited"));
  const pid_t child = Fork([] {
    while (true) pause();
  });
  const UniqueFd squatter = ListenAt(AddressOf(child, "mine"));
  const Listeners listeners = Listeners::Among({Identify(child), Self()});
  EXPECT_TRUE(listeners.Of(Self()));
  EXPECT_FALSE(listeners.Of(Identify(child)));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
}

TEST(Listeners, AProcessWithAnotherStartTimeIsAnotherProcess) {
  const UniqueFd listener = ListenAt(AddressOf(getpid(), "mine"));
  const ProcessId earlier{getpid(), Self().start_ticks - 1};
  EXPECT_FALSE(Among(earlier).Of(earlier));
}

TEST(Listeners, OneThatIsClosedIsNone) {
  UniqueFd listener = ListenAt(AddressOf(getpid(), "mine"));
  const Listeners listeners = Among(Self());
  listener.Reset();
  EXPECT_FALSE(listeners.Of(Self()));
}

TEST(ListenerTable, OnlyStreamSocketsThatListenAndNameAPid) {
  const auto claim =
      ParseListener("0000000000000000: 00000002 00000000 00010000 0001 01 11 @restartapp.1.a b");
  ASSERT_TRUE(claim);
  EXPECT_EQ(claim->pid, 1);
  EXPECT_EQ(claim->inode, 11u);
  EXPECT_EQ(claim->address, "restartapp.1.a b");
  for (const char* line :
       {"Num       RefCount Protocol Flags    Type St Inode Path",
        "0000000000000000: 00000002 00000000 00000000 0001 03 12 @restartapp.2.a",
        "0000000000000000: 00000002 00000000 00010000 0005 01 13 @restartapp.3.a",
        "0000000000000000: 00000002 00000000 00010000 0001 01 14 /run/restartapp.4.a",
        "0000000000000000: 00000002 00000000 00010000 0001 01 15 @restartapp.x.a",
        "0000000000000000: 00000002 00000000 00010000 0001 01 16 @restartapp.6",
        "0000000000000000: 00000002 00000000 00010000 0001 01 17 @restartapp.07.a",
        "0000000000000000: 00000002 00000000 00010000 0001 01 17", "", "@",
        ": : : 00010000 0001 : 1e9 @restartapp.8.a"})
    EXPECT_FALSE(ParseListener(line)) << line;
}

// Without netlink sockets, as under RestrictAddressFamilies= of systemd.exec(5).
void ForbidNetlink() {
  constexpr unsigned kFamily = offsetof(seccomp_data, args);  // lower half; both are little-endian
  sock_filter rules[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kFamily),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAFNOSUPPORT),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{std::size(rules), rules};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

TEST(ListenerTable, TheLinesOfProcTellTheSame) {
  const UniqueFd listener = ListenAt(AddressOf(getpid(), "told with a blank"));
  const ProcessId self = Self();
  const auto is_found = [&] {
    return Among(self).Of(self) == AddressOf(self.pid, "told with a blank");
  };
  EXPECT_TRUE(is_found());
  EXPECT_EQ(Await(Fork([&] {
              ForbidNetlink();
              _exit(socket(AF_NETLINK, SOCK_RAW, 0) < 0 && is_found() ? 0 : 1);
            })),
            0);
}

}  // namespace
}  // namespace rm
