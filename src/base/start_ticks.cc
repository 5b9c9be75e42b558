#include "base/start_ticks.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <string>

namespace rm {

UniqueFd OpenProcessDirectory(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid);
  return UniqueFd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

std::optional<uint64_t> ParseStartTicks(std::string_view stat) {
  constexpr int kSpacesBeforeField22 = 20;  // counted from the end of field 2
  size_t at = stat.rfind(')');
  for (int i = 0; i < kSpacesBeforeField22 && at != stat.npos; ++i) at = stat.find(' ', at + 1);
  if (at == stat.npos) return std::nullopt;
  uint64_t ticks = 0;
  const char* const end = stat.data() + stat.size();
  const auto [last, failed] = std::from_chars(stat.data() + at + 1, end, ticks);
  if (failed != std::errc{} || last == end || *last != ' ') return std::nullopt;
  return ticks;
}

std::optional<uint64_t> ReadStartTicks(int process_directory) {
  const UniqueFd file(openat(process_directory, "stat", O_RDONLY | O_CLOEXEC));
  char text[4096];
  const ssize_t size = file ? read(file.get(), text, sizeof text) : -1;
  if (size < 0) return std::nullopt;
  const auto ticks = ParseStartTicks({text, static_cast<size_t>(size)});
  if (!ticks) errno = EPROTO;
  return ticks;
}

uint64_t TicksNow() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  const auto hz = static_cast<uint64_t>(sysconf(_SC_CLK_TCK));
  return static_cast<uint64_t>(now.tv_sec) * hz +
         static_cast<uint64_t>(now.tv_nsec) / (1'000'000'000 / hz);
}

}  // namespace rm
