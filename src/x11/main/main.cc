// rm-windows UID GID: who has windows on $DISPLAY, and how are they asked to close?
//
// Becomes that user first of all. Reads "who" and "close PID" from descriptor 0, a socket, and
// writes the lines of model/display.h to it: an answer to each "who"; after "close" how that
// process stands, now and whenever that changes. Ends with its input. It may hang as long as the X
// server does; who started it ends it then.
#include <fmt/core.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "model/display.h"
#include "x11/become_user.h"
#include "x11/display.h"

namespace rm {
namespace {

constexpr int kSocket = 0;

void Say(const WindowWord& word) {
  const std::string line = ToLine(word);
  for (size_t said = 0; said < line.size();) {
    const ssize_t size = send(kSocket, line.data() + said, line.size() - said, MSG_NOSIGNAL);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) _exit(0);  // nobody listens any more
    said += size;
  }
}

int Trouble(const Error& error) {
  Say({WindowWord::kTrouble, 0, false, {}, error.message});
  return 1;
}

template <class T>
std::optional<T> ToNumber(std::string_view text) {
  T number{};
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
  return number;
}

class Talk {
 public:
  explicit Talk(Display display) : display_(std::move(display)) {}

  // Until the input ends.
  Result<void> Run() {
    while (true) {
      auto happened = display_.Dispatch();
      if (!happened) return Pass(std::move(happened));
      if (*happened) {
        // Answers bring in further events: look for those before waiting.
        if (auto looked = TellStates(); !looked) return looked;
        continue;
      }
      pollfd ready[] = {{kSocket, POLLIN, 0}, {display_.fd(), POLLIN, 0}};
      if (poll(ready, 2, -1) < 0) continue;
      if (ready[0].revents == 0) continue;
      char some[256];
      const ssize_t size = recv(kSocket, some, sizeof some, 0);
      if (size <= 0) return {};
      input_.append(some, size);
      if (auto done = Obey(); !done) return done;
    }
  }

 private:
  struct Asked {
    Closing closing;
    std::optional<std::pair<CloseState, std::string>> told;
  };

  Result<void> Obey() {
    for (size_t end; (end = input_.find('\n')) != std::string::npos; input_.erase(0, end + 1)) {
      const std::string_view line = std::string_view(input_).substr(0, end);
      if (line == "who") {
        if (auto told = TellWho(); !told) return told;
      } else if (line.starts_with("close ")) {
        const auto pid = ToNumber<pid_t>(line.substr(line.find(' ') + 1));
        if (!pid) continue;
        if (auto closed = Close(*pid); !closed) return closed;
      }
    }
    return {};
  }

  Result<void> TellWho() {
    auto windows = display_.TopLevels();
    if (!windows) return Pass(std::move(windows));
    std::map<pid_t, bool> shown;
    for (const TopLevel& window : *windows) {
      bool& any = shown[window.pid];
      any = any || window.shown;
    }
    for (const auto& [pid, any] : shown) Say({WindowWord::kHas, pid, any, {}, ""});
    Say({WindowWord::kEnd, 0, false, {}, ""});
    return {};
  }

  Result<void> Close(pid_t pid) {
    display_.WatchAll();
    auto windows = WindowsOf(pid);
    if (!windows) return Pass(std::move(windows));
    const auto [asked, added] = asked_.insert_or_assign(pid, Asked{Closing(*windows), {}});
    for (const uint32_t window : asked->second.closing.asked()) display_.AskToClose(window);
    return TellStates();
  }

  Result<void> TellStates() {
    if (asked_.empty()) return {};
    auto windows = display_.TopLevels();
    if (!windows) return Pass(std::move(windows));
    // What happened to a new one before it was watched has to be looked up.
    if (WatchNew(*windows)) windows = display_.TopLevels();
    if (!windows) return Pass(std::move(windows));
    for (auto& [pid, asked] : asked_) {
      std::pair<CloseState, std::string> now;
      now.first = asked.closing.Look(Select(*windows, pid), now.second);
      if (asked.told == now) continue;
      asked.told = now;
      Say({WindowWord::kState, pid, false, now.first, now.second});
    }
    return {};
  }

  bool WatchNew(const std::vector<TopLevel>& windows) {
    bool any = false;
    for (const TopLevel& window : windows) {
      if (!asked_.contains(window.pid) || !watched_.insert(window.window).second) continue;
      display_.Watch(window.window);
      any = true;
    }
    return any;
  }

  Result<std::vector<TopLevel>> WindowsOf(pid_t pid) {
    auto windows = display_.TopLevels();
    if (!windows) return Pass(std::move(windows));
    return Select(*windows, pid);
  }

  static std::vector<TopLevel> Select(const std::vector<TopLevel>& windows, pid_t pid) {
    std::vector<TopLevel> own;
    for (const TopLevel& window : windows)
      if (window.pid == pid) own.push_back(window);
    return own;
  }

  Display display_;
  std::string input_;
  std::map<pid_t, Asked> asked_;
  std::set<uint32_t> watched_;
};

int Run(uid_t uid, gid_t gid) {
  if (auto became = BecomeUser(uid, gid); !became) return Trouble(became.error());
  ChooseAuthority();
  const char* name = getenv("DISPLAY");
  auto display = Display::Connect(name ? name : "");
  if (!display) return Trouble(display.error());
  if (auto done = Talk(std::move(*display)).Run(); !done) return Trouble(done.error());
  return 0;
}

}  // namespace
}  // namespace rm

int main(int argc, char** argv) {
  const auto uid = argc == 3 ? rm::ToNumber<uid_t>(argv[1]) : std::nullopt;
  const auto gid = argc == 3 ? rm::ToNumber<gid_t>(argv[2]) : std::nullopt;
  if (!uid || !gid) {
    fmt::print(stderr, "usage: rm-windows UID GID, on a socket\n");
    return 2;
  }
  return rm::Run(*uid, *gid);
}
