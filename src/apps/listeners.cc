#include "apps/listeners.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <memory>

#include "base/application_protocol.h"
#include "base/start_ticks.h"

namespace rm {
namespace {

// A machine has a few thousand of these sockets. Beyond this somebody is playing games.
constexpr size_t kLargestTable = 32 << 20;
constexpr size_t kMostAddresses = 4096;
constexpr size_t kMostDescriptors = 65536;

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

// "socket:[27153]"
std::optional<uint64_t> SocketBehind(int directory, const char* name) {
  constexpr std::string_view kBegin = "socket:[";
  char text[40];
  const ssize_t size = readlinkat(directory, name, text, sizeof text);
  std::string_view link(text, size > 0 ? static_cast<size_t>(size) : 0);
  if (!link.starts_with(kBegin) || !link.ends_with(']')) return std::nullopt;
  link.remove_prefix(kBegin.size());
  link.remove_suffix(1);
  return ToNumber<uint64_t>(link);
}

struct CloseDirectory {
  void operator()(DIR* directory) const { closedir(directory); }
};

}  // namespace

// Num: RefCount Protocol Flags Type St Inode @address, see unix(7) and proc(5). A NUL is an '@'.
void Listeners::Add(std::string_view line) {
  constexpr std::string_view kListens = "00010000";
  constexpr std::string_view kStream = "0001";
  for (int i = 0; i < 3; ++i) Word(line);
  if (Word(line) != kListens || Word(line) != kStream) return;
  Word(line);
  const auto inode = ToNumber<uint64_t>(Word(line));
  std::string_view address = Word(line);
  if (!inode || !address.starts_with("@restartapp.")) return;
  address.remove_prefix(1);
  const size_t pid_at = address.find('.') + 1;
  const size_t pid_end = address.find('.', pid_at);
  if (pid_end == address.npos) return;
  if (!ToNumber<pid_t>(address.substr(pid_at, pid_end - pid_at))) return;
  addresses_.emplace(address.substr(0, pid_end + 1), std::pair(*inode, std::string(address)));
}

Listeners Listeners::Parse(std::string_view table) {
  Listeners listeners;
  while (!table.empty() && listeners.addresses_.size() < kMostAddresses) {
    const size_t end = std::min(table.find('\n'), table.size());
    listeners.Add(table.substr(0, end));
    table.remove_prefix(std::min(end + 1, table.size()));
  }
  return listeners;
}

Listeners Listeners::Read() {
  const UniqueFd file(open("/proc/thread-self/net/unix", O_RDONLY | O_CLOEXEC));
  std::string table;
  std::string block(64 << 10, '\0');
  while (file && table.size() < kLargestTable) {
    const ssize_t size = read(file.get(), block.data(), block.size());
    if (size <= 0) break;
    table.append(block, 0, static_cast<size_t>(size));
  }
  return Parse(table);
}

// Anybody may listen at an address with the pid of another. Only the process's own descriptors tell
// whose it is, also when the socket was inherited from an earlier process with the same pid.
std::optional<std::string> Listeners::Of(const ProcessId& process) const {
  const auto [begin, end] = addresses_.equal_range(ListenerPrefix(process.pid));
  if (begin == end) return std::nullopt;
  const UniqueFd directory = OpenProcessDirectory(process.pid);
  if (!directory || ReadStartTicks(directory.get()) != process.start_ticks) return std::nullopt;
  const int fds = openat(directory.get(), "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, CloseDirectory> list(fds >= 0 ? fdopendir(fds) : nullptr);
  for (size_t i = 0; list && i < kMostDescriptors; ++i) {
    const dirent* entry = readdir(list.get());
    if (!entry) break;
    const auto inode = SocketBehind(fds, entry->d_name);
    if (!inode) continue;
    for (auto at = begin; at != end; ++at)
      if (at->second.first == *inode) return at->second.second;
  }
  return std::nullopt;
}

}  // namespace rm
