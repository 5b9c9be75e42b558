// What do the text files of /proc say? Pure functions; any input is survived, garbage is none.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rm {

// /proc/PID/stat, proc(5).
struct ProcessStat {
  std::string name;  // may hold blanks and parentheses
  char state = 0;
  pid_t parent = 0;
  int terminal = 0;  // device number, 0: none
  uint64_t flags = 0;
  int nice = 0;
  unsigned threads = 0;
  uint64_t start_ticks = 0;
  uint64_t start_stack = 0;  // 0 where the caller may not know it, like the four below
  int scheduler_priority = 0;
  int scheduler_policy = 0;
  uint64_t arguments_begin = 0;
  uint64_t arguments_end = 0;

  bool is_kernel_thread() const;
  // The leader has exited; it may still be listed because threads run or nobody has waited.
  bool has_exited() const { return state == 'Z' || state == 'X'; }
  // What it had may be gone already, though it has not exited yet.
  bool is_ending() const;
};

std::optional<ProcessStat> ParseStat(std::string_view text);

// The value of "Name:\tvalue" in /proc/PID/status, without leading blanks; "" when there is none.
std::string_view FieldOf(std::string_view status, std::string_view name);

// The cgroup2 path of /proc/PID/cgroup, or that of v1's name=systemd where only systemd's own
// hierarchy knows better. "" when there is neither.
std::string CgroupOf(std::string_view text);

// One line of /proc/PID/maps.
struct MapsLine {
  uint64_t begin = 0;
  uint64_t end = 0;
  uint64_t dev = 0;       // the superblock's, which is not st_dev on btrfs and some overlays
  uint64_t ino = 0;       // 0: no file
  std::string_view path;  // as printed: a newline is "\012"
};

std::optional<MapsLine> ParseMapsLine(std::string_view line);
// Below /proc/PID: the link to the object that is mapped there.
std::string MapFileName(uint64_t begin, uint64_t end);
// The path as it is.
std::string UnescapeMapsPath(std::string_view printed);

// As seq_file prints names: "\040" is a blank, of the characters that the file escapes.
std::string UnescapeOctal(std::string_view printed);

// The paths of the files that are registered with a ring: /proc/PID/fdinfo/FD of an io_uring. Older
// kernels print names without a folder; these are left out. None: the kernel has not told them,
// because the ring was at work at that moment; or, since Linux 6.13, its table has no file at all.
std::optional<std::vector<std::string>> RingFiles(std::string_view fdinfo);

// One line of /proc/swaps.
struct SwapLine {
  std::string path;  // of a deleted one it ends in " (deleted)"
  bool file = false;
  uint64_t size = 0;  // bytes

  friend bool operator==(const SwapLine&, const SwapLine&) = default;
};

std::vector<SwapLine> ParseSwaps(std::string_view swaps);

// One line of /proc/PID/mountinfo, proc(5).
struct MountLine {
  uint64_t id = 0;
  uint64_t dev = 0;
  std::string root;   // what of the file system is mounted
  std::string point;  // where, from the reader's root
  std::string type;
  std::string source;
  std::string options;  // of the file system, as printed
};

std::optional<MountLine> ParseMountLine(std::string_view line);

// "0-3,8": 0 1 2 3 8. Stops at garbage, and at the most processors that Linux can have.
std::vector<int> ParseCpuList(std::string_view text);

// Whole text; none: anything but digits, or too large.
std::optional<uint64_t> ParseNumber(std::string_view text, int base = 10);
// The blank-separated numbers at the beginning of the text.
std::vector<uint64_t> ParseNumbers(std::string_view text);
// The pieces that end at a separator, the last one with or without.
std::vector<std::string> Split(std::string_view text, char separator);

}  // namespace rm
