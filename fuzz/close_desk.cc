// What an installer, or somebody who claims to be one, says to an application
#include "appside/close_desk.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>

#include "apps/listeners.h"
#include "base/start_ticks.h"
#include "fuzz/fuzz.h"

namespace rm {
namespace {

std::vector<DWORD> asked;

// Answers by turns, and refuses with a reason that has no end and two lines.
BOOL Answer(RMX_CLOSE_REQUEST* request, PVOID) {
  Require(request->cbSize == sizeof *request);
  asked.push_back(request->dwRequest);
  std::memset(request->szReason, asked.size() % 3 == 0 ? '\n' : 'x', sizeof request->szReason);
  return asked.size() % 2;
}

struct Application {
  Application() {
    Require(desk.Open());
    const ProcessId self{getpid(),
                         ReadStartTicks(OpenProcessDirectory(getpid()).get()).value_or(0)};
    name = Listeners::Among({self}).Of(self).value();
  }
  void Pump() {
    for (pollfd ready{desk.fd(), POLLIN, 0}; poll(&ready, 1, 0) > 0;) desk.Pump();
  }

  CloseDesk desk{Answer, nullptr};
  std::string name;
};

UniqueFd Connect(const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  UniqueFd client(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  Require(connect(client.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
  return client;
}

std::string Drain(int client) {
  std::string text;
  char some[4096];
  for (ssize_t size; (size = recv(client, some, sizeof some, MSG_DONTWAIT)) > 0;)
    text.append(some, static_cast<size_t>(size));
  return text;
}

// What the lines ask to somebody who has all of them.
std::vector<DWORD> Expected(std::string_view text) {
  std::vector<DWORD> requests;
  bool queried = false;
  for (size_t end; (end = text.find('\n')) != text.npos; text.remove_prefix(end + 1)) {
    const std::string_view line = text.substr(0, end);
    if (line.size() >= kLongestLine) break;
    if (IsLine(line, kQueryLine)) {
      requests.push_back(RMX_CLOSE_QUERY);
      queried = true;
    } else if (IsLine(line, kEndLine)) {
      requests.push_back(RMX_CLOSE_END);
      queried = false;
    } else if (IsLine(line, kOffLine) && queried) {
      requests.push_back(RMX_CLOSE_OFF);
      queried = false;
    }
  }
  // Who asks, and hangs up, has called it off.
  if (queried) requests.push_back(RMX_CLOSE_OFF);
  return requests;
}

}  // namespace
}  // namespace rm

void rm::Fuzz(std::string_view input) {
  static Application application;
  if (input.empty()) return;
  const size_t piece = 1 + 16 * static_cast<unsigned char>(input.front());
  input.remove_prefix(1);
  asked.clear();

  const UniqueFd client = Connect(application.name);
  std::string answers;
  for (std::string_view rest = input; !rest.empty();) {
    const std::string_view some = rest.substr(0, piece);
    rest.remove_prefix(some.size());
    if (send(client.get(), some.data(), some.size(), MSG_NOSIGNAL) < 0) break;  // it hung up
    application.Pump();
    answers += Drain(client.get());
  }
  shutdown(client.get(), SHUT_WR);
  application.Pump();
  answers += Drain(client.get());

  Require(asked == Expected(input));
  Require(answers.starts_with("restartapp 1\n"));
  Lines lines;
  Require(lines.Add(answers));
  for (size_t left = 1 + asked.size(); lines.Next(); --left) Require(left > 0);
}
