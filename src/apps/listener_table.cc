#include "apps/listener_table.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <string>

#include "base/application_protocol.h"
#include "base/unique_fd.h"
#include "base/unix_sockets.h"

namespace rm {
namespace {

constexpr size_t kBuffer = 32 << 10;
constexpr size_t kLongestLine = 1024;  // a name is at most 107 bytes

using Tell = std::function<void(const ListenerClaim&)>;

std::string_view Word(std::string_view& line) {
  const size_t begin = std::min(line.find_first_not_of(' '), line.size());
  const size_t end = std::min(line.find(' ', begin), line.size());
  const std::string_view word = line.substr(begin, end - begin);
  line.remove_prefix(end);
  return word;
}

template <class Number>
std::optional<Number> ToNumber(std::string_view text) {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto [last, failed] = std::from_chars(text.data(), end, number);
  if (failed != std::errc{} || last != end) return std::nullopt;
  return number;
}

// False: the kernel does not tell.
bool TellByKernel(const Tell& tell) {
  return ForEachUnixSocket(
      1u << TCP_LISTEN, UDIAG_SHOW_NAME, [&](const unix_diag_msg& told, const rtattr& attribute) {
        if (told.udiag_type != SOCK_STREAM || attribute.rta_type != UNIX_DIAG_NAME) return;
        std::string_view name(static_cast<const char*>(RTA_DATA(&attribute)),
                              RTA_PAYLOAD(&attribute));
        if (name.empty() || name.front() != '\0') return;
        name.remove_prefix(1);
        if (const auto pid = PidOf(name)) tell({*pid, told.udiag_ino, name});
      });
}

void TellByLines(const Tell& tell) {
  const UniqueFd file(open("/proc/thread-self/net/unix", O_RDONLY | O_CLOEXEC));
  std::string text;
  std::string block(kBuffer, '\0');
  while (file) {
    const ssize_t size = read(file.get(), block.data(), block.size());
    if (size <= 0) return;
    text.append(block, 0, static_cast<size_t>(size));
    std::string_view rest = text;
    for (size_t end; (end = rest.find('\n')) != rest.npos; rest.remove_prefix(end + 1))
      if (const auto claim = ParseListener(rest.substr(0, end))) tell(*claim);
    text.erase(0, text.size() - std::min(rest.size(), kLongestLine));
  }
}

}  // namespace

std::optional<pid_t> PidOf(std::string_view address) {
  const size_t begin = ListenerPrefix(0).find('0');
  const size_t end = address.find('.', begin);
  if (end == address.npos) return std::nullopt;
  const auto pid = ToNumber<pid_t>(address.substr(begin, end - begin));
  if (!pid || !address.starts_with(ListenerPrefix(*pid))) return std::nullopt;
  return pid;
}

// Num: RefCount Protocol Flags Type St Inode @address. A NUL is an '@'.
std::optional<ListenerClaim> ParseListener(std::string_view line) {
  constexpr std::string_view kListens = "00010000";
  constexpr std::string_view kStream = "0001";
  for (int i = 0; i < 3; ++i) Word(line);
  if (Word(line) != kListens || Word(line) != kStream) return std::nullopt;
  Word(line);
  const auto inode = ToNumber<uint64_t>(Word(line));
  // The name is all that follows, blanks included.
  line.remove_prefix(std::min<size_t>(1, line.size()));
  if (!inode || !line.starts_with('@')) return std::nullopt;
  line.remove_prefix(1);
  const auto pid = PidOf(line);
  if (!pid) return std::nullopt;
  return ListenerClaim{*pid, *inode, line};
}

void ForEachListener(const Tell& tell) {
  if (!TellByKernel(tell)) TellByLines(tell);
}

}  // namespace rm
