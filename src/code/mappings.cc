#include "code/mappings.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <unordered_map>

#include "base/unique_fd.h"
#include "procfs/parse.h"

namespace rm {
namespace {

// include/uapi/linux/fs.h of Linux 6.11; older headers lack it.
struct ProcmapQuery {
  uint64_t size;
  uint64_t query_flags;
  uint64_t query_addr;
  uint64_t vma_start, vma_end, vma_flags, vma_page_size, vma_offset, inode;
  uint32_t dev_major, dev_minor;
  uint32_t vma_name_size;
  uint32_t build_id_size;
  uint64_t vma_name_addr;
  uint64_t build_id_addr;
};
constexpr unsigned long kProcmapQuery = _IOWR('f', 17, ProcmapQuery);

constexpr size_t kLongestLine = 16 << 20;

// Permissions and offset, which follow the addresses.
bool IsExecutable(std::string_view line) {
  const size_t blank = line.find(' ');
  return blank != line.npos && line.substr(blank + 1, 4).find('x') != std::string_view::npos;
}

uint64_t OffsetOf(std::string_view line) {
  const size_t blank = line.find(' ');
  const size_t second = line.find(' ', blank + 1);
  if (blank == line.npos || second == line.npos) return UINT64_MAX;
  const std::string_view rest = line.substr(second + 1);
  return ParseNumber(rest.substr(0, rest.find(' ')), 16).value_or(UINT64_MAX);
}

class Collector {
 public:
  explicit Collector(Mappings& mappings) : mappings_(mappings) {}

  void Add(std::string_view line) {
    const auto map = ParseMapsLine(line);
    if (!map) return;
    // What the kernel makes up ("[vdso]") has no file.
    const bool is_file = map->ino && map->path.starts_with('/');
    const int file = is_file ? FileOf(*map) : -1;
    const AddressRange range{map->begin, map->end};
    mappings_.parts.push_back({range, file});
    if (!is_file) return;
    Mapping& mapping = mappings_.files[static_cast<size_t>(file)];
    const bool executable = IsExecutable(line);
    const bool better = executable && !mapping.executable;
    if (mapping.first.end != 0 && !better && mapping.header) return;
    const uint64_t offset = OffsetOf(line);
    if (mapping.first.end == 0 || better) {
      mapping.first = range;
      mapping.first_offset = offset;
    }
    mapping.executable = mapping.executable || executable;
    if (!mapping.header && offset == 0) mapping.header = map->begin;
  }

 private:
  int FileOf(const MapsLine& map) {
    const auto [first, last] = by_ino_.equal_range(map.ino);
    for (auto i = first; i != last; ++i) {
      const Mapping& known = mappings_.files[static_cast<size_t>(i->second)];
      if (known.dev == map.dev && known.path == map.path) return i->second;
    }
    const int file = static_cast<int>(mappings_.files.size());
    mappings_.files.push_back({.path = std::string(map.path), .dev = map.dev, .ino = map.ino});
    by_ino_.emplace(map.ino, file);
    return file;
  }

  Mappings& mappings_;
  std::unordered_multimap<uint64_t, int> by_ino_;
};

}  // namespace

int Mappings::FileAt(uint64_t address) const {
  const auto part =
      std::upper_bound(parts.begin(), parts.end(), address,
                       [](uint64_t at, const Part& candidate) { return at < candidate.range.end; });
  return part == parts.end() || part->range.begin > address ? -1 : part->file;
}

int ReadMappings(int process_directory, std::vector<char>& buffer, Mappings& mappings) {
  mappings = {};
  const UniqueFd maps(
      openat(process_directory, "maps", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!maps) return errno;
  Collector collector(mappings);
  size_t kept = 0;  // the beginning of a line whose end was not read yet
  for (;;) {
    const ssize_t got = read(maps.get(), buffer.data() + kept, buffer.size() - kept);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno;
    if (got == 0) return 0;
    std::string_view text(buffer.data(), kept + static_cast<size_t>(got));
    for (size_t end; (end = text.find('\n')) != text.npos; text.remove_prefix(end + 1)) {
      collector.Add(text.substr(0, end));
    }
    kept = text.size();
    std::memmove(buffer.data(), text.data(), kept);
    if (kept < buffer.size()) continue;
    // A path may be longer than PATH_MAX: directories are made one below the other without end.
    if (kept >= kLongestLine) return EFBIG;
    buffer.resize(2 * kept);
  }
}

std::string AskBuildId(int process_directory, uint64_t address) {
  const UniqueFd maps(
      openat(process_directory, "maps", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  std::array<unsigned char, 64> id{};
  ProcmapQuery query{};
  query.size = sizeof query;
  query.query_addr = address;
  query.build_id_size = id.size();
  query.build_id_addr = reinterpret_cast<uint64_t>(id.data());
  if (!maps || ioctl(maps.get(), kProcmapQuery, &query) != 0) return "";
  std::string text;
  for (size_t i = 0; i < query.build_id_size && i < id.size(); ++i) {
    text += fmt::format("{:02x}", id[i]);
  }
  return text;
}

}  // namespace rm
