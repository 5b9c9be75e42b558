#include "procfs/parse.h"

#include <fmt/format.h>
#include <sys/sysmacros.h>

#include <array>
#include <cctype>
#include <charconv>

namespace rm {
namespace {

// PF_EXITING and PF_KTHREAD, include/linux/sched.h
constexpr uint64_t kEndingFlag = 0x00000004, kKernelThreadFlag = 0x00200000;
constexpr int kMostCpus = 8192;
constexpr std::string_view kBlanks = " \t";

// Takes the text up to the separator off the front. All of it when there is none.
std::string_view Take(std::string_view& text, char separator) {
  const size_t at = text.find(separator);
  const std::string_view piece = text.substr(0, at);
  text.remove_prefix(at == text.npos ? text.size() : at + 1);
  return piece;
}

void SkipBlanks(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
}

// Takes a hexadecimal number and the separator behind it. The hot loop: no locale, no copy.
bool TakeHex(std::string_view& text, char separator, uint64_t& number) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number, 16);
  if (error != std::errc() || stop == end || *stop != separator) return false;
  text.remove_prefix(static_cast<size_t>(stop - text.data()) + 1);
  return true;
}

}  // namespace

bool ProcessStat::is_kernel_thread() const { return flags & kKernelThreadFlag; }
bool ProcessStat::is_ending() const { return has_exited() || flags & kEndingFlag; }

std::optional<ProcessStat> ParseStat(std::string_view text) {
  const size_t open = text.find('(');
  const size_t close = text.rfind(')');
  if (open == text.npos || close == text.npos || close < open) return std::nullopt;
  ProcessStat stat;
  stat.name = text.substr(open + 1, close - open - 1);
  std::string_view rest = text.substr(close + 1);
  if (!rest.starts_with(' ')) return std::nullopt;
  rest.remove_prefix(1);
  const std::string_view state = Take(rest, ' ');
  if (state.size() != 1 || !std::isalpha(static_cast<unsigned char>(state[0]))) return std::nullopt;
  stat.state = state[0];

  // From field 4 on there are only numbers, some of them negative.
  constexpr int kFirst = 4, kLast = 49, kNeeded = 22;
  std::array<int64_t, kLast + 1> field{};
  int count = kFirst;
  for (; count <= kLast && !rest.empty(); ++count) {
    std::string_view word = Take(rest, ' ');
    if (word.ends_with('\n')) word.remove_suffix(1);
    const char* end = word.data() + word.size();
    // Addresses and limits use all 64 bits.
    uint64_t large = 0;
    if (const auto r = std::from_chars(word.data(), end, large);
        r.ec == std::errc() && r.ptr == end) {
      field[count] = static_cast<int64_t>(large);
    } else if (const auto s = std::from_chars(word.data(), end, field[count]);
               s.ec != std::errc() || s.ptr != end) {
      return std::nullopt;
    }
  }
  if (count <= kNeeded) return std::nullopt;
  stat.parent = static_cast<pid_t>(field[4]);
  stat.terminal = static_cast<int>(field[7]);
  stat.flags = static_cast<uint64_t>(field[9]);
  stat.nice = static_cast<int>(field[19]);
  stat.threads = static_cast<unsigned>(field[20]);
  stat.start_ticks = static_cast<uint64_t>(field[22]);
  stat.start_stack = static_cast<uint64_t>(field[28]);
  stat.scheduler_priority = static_cast<int>(field[40]);
  stat.scheduler_policy = static_cast<int>(field[41]);
  stat.arguments_begin = static_cast<uint64_t>(field[48]);
  stat.arguments_end = static_cast<uint64_t>(field[49]);
  return stat;
}

std::string_view FieldOf(std::string_view status, std::string_view name) {
  while (!status.empty()) {
    std::string_view line = Take(status, '\n');
    if (!line.starts_with(name) || line.substr(name.size(), 1) != ":") continue;
    line.remove_prefix(name.size() + 1);
    SkipBlanks(line);
    return line;
  }
  return {};
}

std::string CgroupOf(std::string_view text) {
  std::string_view unified, systemd;
  while (!text.empty()) {
    std::string_view line = Take(text, '\n');
    const std::string_view number = Take(line, ':');
    const std::string_view controllers = Take(line, ':');
    if (number == "0" && controllers.empty()) unified = line;
    if (controllers == "name=systemd") systemd = line;
  }
  // In the legacy layout a cgroup2 tree may be mounted and have nothing but its root.
  std::string_view path = unified.size() <= 1 && systemd.size() > 1 ? systemd : unified;
  constexpr std::string_view kRemoved = " (deleted)";
  if (path.ends_with(kRemoved)) path.remove_suffix(kRemoved.size());
  return std::string(path);
}

std::optional<MapsLine> ParseMapsLine(std::string_view line) {
  MapsLine map;
  uint64_t offset = 0, major = 0, minor = 0;
  if (!TakeHex(line, '-', map.begin) || !TakeHex(line, ' ', map.end)) return std::nullopt;
  Take(line, ' ');  // permissions
  if (!TakeHex(line, ' ', offset) || !TakeHex(line, ':', major) || !TakeHex(line, ' ', minor)) {
    return std::nullopt;
  }
  map.dev = makedev(major, minor);
  const char* end = line.data() + line.size();
  const auto [stop, error] = std::from_chars(line.data(), end, map.ino);
  if (error != std::errc()) return std::nullopt;
  line.remove_prefix(static_cast<size_t>(stop - line.data()));
  // A path begins after the padding. One with a file starts with '/', so no blank of it is lost.
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  map.path = line;
  return map;
}

std::string MapFileName(uint64_t begin, uint64_t end) {
  return fmt::format("map_files/{:x}-{:x}", begin, end);
}

std::string UnescapeMapsPath(std::string_view printed) {
  constexpr std::string_view kNewline = "\\012";
  std::string path;
  for (size_t at; (at = printed.find(kNewline)) != printed.npos;) {
    path.append(printed.substr(0, at)).push_back('\n');
    printed.remove_prefix(at + kNewline.size());
  }
  return path.append(printed);
}

std::string UnescapeOctal(std::string_view printed) {
  std::string text;
  while (!printed.empty()) {
    const std::string_view digits = printed.substr(1, 3);
    const std::optional<uint64_t> byte =
        printed[0] == '\\' && digits.size() == 3 ? ParseNumber(digits, 8) : std::nullopt;
    text.push_back(byte ? static_cast<char>(*byte) : printed[0]);
    printed.remove_prefix(byte ? 4 : 1);
  }
  return text;
}

std::optional<std::vector<std::string>> RingFiles(std::string_view fdinfo) {
  std::vector<std::string> paths;
  bool files = false, told = false;
  while (!fdinfo.empty()) {
    std::string_view line = Take(fdinfo, '\n');
    if (line.starts_with("User")) files = line.starts_with("UserFiles:");
    if (!files) continue;
    SkipBlanks(line);
    const std::string_view word = Take(line, ':');
    SkipBlanks(line);
    if (word == "UserFiles" && ParseNumber(line) == 0) told = true;
    if (!ParseNumber(word)) continue;
    told = true;
    if (line.starts_with('/')) paths.push_back(UnescapeOctal(line));
  }
  if (!told) return std::nullopt;
  return paths;
}

std::vector<SwapLine> ParseSwaps(std::string_view swaps) {
  std::vector<SwapLine> lines;
  Take(swaps, '\n');  // the heading
  while (!swaps.empty()) {
    std::string_view line = Take(swaps, '\n');
    const std::string_view path = line.substr(0, line.find_first_of(kBlanks));
    line.remove_prefix(path.size());
    SkipBlanks(line);
    const bool file = line.starts_with("file");
    if (!file && !line.starts_with("partition")) continue;
    line.remove_prefix(std::min(line.find_first_of(kBlanks), line.size()));
    const std::vector<uint64_t> numbers = ParseNumbers(line);
    const uint64_t size = numbers.empty() ? 0 : numbers.front() << 10;
    lines.push_back({UnescapeOctal(path), file, size});
  }
  return lines;
}

std::optional<MountLine> ParseMountLine(std::string_view line) {
  MountLine mount;
  const std::optional<uint64_t> id = ParseNumber(Take(line, ' '));
  Take(line, ' ');  // its parent
  const std::optional<uint64_t> major = ParseNumber(Take(line, ':'));
  const std::optional<uint64_t> minor = ParseNumber(Take(line, ' '));
  if (!id || !major || !minor) return std::nullopt;
  mount.id = *id;
  mount.dev = makedev(*major, *minor);
  mount.root = UnescapeOctal(Take(line, ' '));
  mount.point = UnescapeOctal(Take(line, ' '));
  // Any number of optional fields, then "-".
  while (!line.empty() && Take(line, ' ') != "-") {
  }
  mount.type = UnescapeOctal(Take(line, ' '));
  mount.source = UnescapeOctal(Take(line, ' '));
  mount.options = line;
  if (mount.type.empty()) return std::nullopt;
  return mount;
}

std::vector<int> ParseCpuList(std::string_view text) {
  std::vector<int> cpus;
  while (!text.empty()) {
    std::string_view range = Take(text, ',');
    const std::optional<uint64_t> first = ParseNumber(Take(range, '-'));
    const std::optional<uint64_t> last = range.empty() ? first : ParseNumber(range);
    if (!first || !last || *last >= kMostCpus) break;
    for (uint64_t cpu = *first; cpu <= *last; ++cpu) cpus.push_back(static_cast<int>(cpu));
  }
  return cpus;
}

std::optional<uint64_t> ParseNumber(std::string_view text, int base) {
  uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number, base);
  if (text.empty() || error != std::errc() || stop != end) return std::nullopt;
  return number;
}

std::vector<uint64_t> ParseNumbers(std::string_view text) {
  std::vector<uint64_t> numbers;
  for (SkipBlanks(text); !text.empty(); SkipBlanks(text)) {
    const size_t length = std::min(text.find_first_of(kBlanks), text.size());
    const std::optional<uint64_t> number = ParseNumber(text.substr(0, length));
    if (!number) break;
    numbers.push_back(*number);
    text.remove_prefix(length);
  }
  return numbers;
}

std::vector<std::string> Split(std::string_view text, char separator) {
  std::vector<std::string> pieces;
  while (!text.empty()) pieces.emplace_back(Take(text, separator));
  return pieces;
}

}  // namespace rm
