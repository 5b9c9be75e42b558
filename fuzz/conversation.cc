// What an application says to an installer that asks it to leave
#include "apps/conversation.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>

#include "base/start_ticks.h"
#include "fuzz/fuzz.h"

namespace rm {
namespace {

// We are the application, too.
struct Application {
  Application() {
    const std::string name = ListenerPrefix(getpid()) + "fuzz";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path + 1, name.data(), name.size());
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    Require(bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size) == 0 &&
            listen(listener.get(), 4) == 0);
    listeners = Listeners::Among({self});
  }

  UniqueFd listener{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  Listeners listeners;
  ProcessId self{getpid(), ReadStartTicks(OpenProcessDirectory(getpid()).get()).value_or(0)};
};

// What the lines mean to somebody who has all of them.
std::vector<Word> Expected(std::string_view text) {
  std::vector<Word> words;
  bool greeted = false;
  for (size_t end; (end = text.find('\n')) != text.npos; text.remove_prefix(end + 1)) {
    const std::string_view line = text.substr(0, end);
    if (line.size() >= kLongestLine || (!greeted && !IsLine(line, kGreeting))) break;
    if (greeted && IsLine(line, kYesLine)) words.push_back(Word::kYes);
    if (greeted && IsLine(line, kNoLine)) words.push_back(Word::kNo);
    if (greeted && IsLine(line, kDoneLine)) words.push_back(Word::kDone);
    greeted = true;
  }
  return words;
}

}  // namespace
}  // namespace rm

void rm::Fuzz(std::string_view input) {
  static const Application application;
  input = input.substr(0, 60'000);
  auto talk = Conversation::Begin(application.self, application.listeners);
  Require(talk.has_value());
  UniqueFd other(accept(application.listener.get(), nullptr, nullptr));
  Require(send(other.get(), input.data(), input.size(), MSG_DONTWAIT | MSG_NOSIGNAL) ==
          static_cast<ssize_t>(input.size()));
  talk->Query();
  shutdown(other.get(), SHUT_WR);

  std::vector<Word> words;
  for (bool over = false; !over;) {
    over = talk->over();
    while (const auto saying = talk->Hear()) {
      words.push_back(saying->word);
      Require(saying->reason.size() <= 200);
      for (const unsigned char c : saying->reason) Require(c >= 0x20 && c != 0x7f);
    }
  }
  Require(words == Expected(input));
}
