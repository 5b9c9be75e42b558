#include "apps/listeners.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "apps/listener_table.h"
#include "base/start_ticks.h"

namespace rm {
namespace {

// Beyond this somebody is playing games.
constexpr size_t kMostDescriptors = 65536;

// "socket:[27153]"
std::optional<uint64_t> SocketBehind(int directory, const char* name) {
  constexpr std::string_view kBegin = "socket:[";
  char text[40];
  const ssize_t size = readlinkat(directory, name, text, sizeof text);
  std::string_view link(text, size > 0 ? static_cast<size_t>(size) : 0);
  if (!link.starts_with(kBegin) || !link.ends_with(']')) return std::nullopt;
  link.remove_prefix(kBegin.size());
  uint64_t inode = 0;
  const char* const end = link.data() + link.size() - 1;
  if (std::from_chars(link.data(), end, inode).ptr != end) return std::nullopt;
  return inode;
}

struct CloseDirectory {
  void operator()(DIR* directory) const { closedir(directory); }
};

// Until `found` says that it is enough. Nobody's: the process has ended.
template <class Found>
void ForEachSocket(const ProcessId& process, const Found& found) {
  const UniqueFd directory = OpenProcessDirectory(process.pid);
  if (!directory || ReadStartTicks(directory.get()) != process.start_ticks) return;
  const int fds = openat(directory.get(), "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, CloseDirectory> list(fds >= 0 ? fdopendir(fds) : nullptr);
  for (size_t i = 0; list && i < kMostDescriptors; ++i) {
    const dirent* entry = readdir(list.get());
    if (!entry) return;
    const auto inode = SocketBehind(fds, entry->d_name);
    if (inode && found(*inode)) return;
  }
}

}  // namespace

// Anybody may listen at an address with the pid of another. Only the process's own descriptors tell
// whose it is, also when the socket was inherited from an earlier process with the same pid.
Listeners Listeners::Among(const std::vector<ProcessId>& processes) {
  std::unordered_map<pid_t, ProcessId> asked;
  for (const ProcessId& process : processes) asked.emplace(process.pid, process);
  std::unordered_set<pid_t> named;
  ForEachListener([&](const ListenerClaim& claim) {
    if (asked.contains(claim.pid)) named.insert(claim.pid);
  });
  Listeners listeners;
  if (named.empty()) return listeners;              // as mostly
  std::vector<std::pair<uint64_t, pid_t>> sockets;  // one may be several processes'
  for (const pid_t pid : named)
    ForEachSocket(asked.at(pid), [&](uint64_t inode) {
      sockets.emplace_back(inode, pid);
      return false;
    });
  std::ranges::sort(sockets);
  ForEachListener([&](const ListenerClaim& claim) {
    if (std::ranges::binary_search(sockets, std::pair(claim.inode, claim.pid)))
      listeners.found_.try_emplace(asked.at(claim.pid),
                                   Listener{claim.inode, std::string(claim.address)});
  });
  return listeners;
}

std::optional<std::string> Listeners::Of(const ProcessId& process) const {
  const auto known = found_.find(process);
  if (known == found_.end()) return std::nullopt;
  bool open = false;
  ForEachSocket(process, [&](uint64_t inode) { return open = inode == known->second.inode; });
  if (!open) return std::nullopt;
  return known->second.address;
}

}  // namespace rm
