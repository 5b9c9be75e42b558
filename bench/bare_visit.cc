#include "bench/bare_visit.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "base/unique_fd.h"
#include "bench/measure.h"

namespace rm::bench {
namespace {

using Buffer = std::vector<char>;

void Stat(int directory, const char* name) {
  struct statx found {};
  statx(directory, name, AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, STATX_INO | STATX_BTIME, &found);
}

void Drain(const UniqueFd& file, Buffer& buffer) {
  while (read(file.get(), buffer.data(), buffer.size()) > 0) {
  }
}

// Calls `look` with each name that begins with a digit.
template <class Look>
void ForNumbers(int directory, Buffer& buffer, const Look& look) {
  for (ssize_t got; (got = getdents64(directory, buffer.data(), buffer.size())) > 0;) {
    for (ssize_t at = 0; at < got;) {
      const auto* entry = reinterpret_cast<const dirent64*>(buffer.data() + at);
      at += entry->d_reclen;
      if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9') look(entry->d_name);
    }
  }
}

void Visit(int proc, const char* pid, Buffer& buffer) {
  const UniqueFd directory(openat(proc, pid, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const UniqueFd fds(openat(directory.get(), "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  ForNumbers(fds.get(), buffer, [&](const char* name) { Stat(fds.get(), name); });
  for (const char* name : {"cwd", "root", "exe"}) Stat(directory.get(), name);
  Drain(UniqueFd(openat(directory.get(), "maps", O_RDONLY | O_CLOEXEC)), buffer);
  Stat(directory.get(), "task");
}

}  // namespace

void VisitProc(unsigned threads) {
  const UniqueFd proc(open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!proc) Die("/proc cannot be opened");
  std::vector<std::string> pids;
  Buffer buffer(64 << 10);
  ForNumbers(proc.get(), buffer, [&](const char* name) { pids.emplace_back(name); });
  std::atomic<size_t> next = 0;
  const auto work = [&] {
    Buffer mine(64 << 10);
    for (size_t i; (i = next++) < pids.size();) Visit(proc.get(), pids[i].c_str(), mine);
  };
  std::vector<std::jthread> workers;
  for (unsigned i = 0; i < threads; ++i) workers.emplace_back(work);
}

}  // namespace rm::bench
