#include "code/content.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <vector>

#include "procfs/read.h"

namespace rm {
namespace {

constexpr uint64_t kMostCompared = 256 << 20;  // bytes

}  // namespace

UniqueFd OpenRegular(int directory, const char* name) {
  struct statx object {};
  if (StatAt(directory, name, STATX_TYPE, object) || !S_ISREG(object.stx_mode)) return {};
  UniqueFd fd(openat(directory, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  // The link may lead elsewhere by now.
  struct stat opened {};
  if (fd && (fstat(fd.get(), &opened) != 0 || !S_ISREG(opened.st_mode))) fd.Reset();
  return fd;
}

ReadAt ReaderOf(int fd) {
  return [fd](uint64_t offset, std::span<std::byte> into) {
    return pread(fd, into.data(), into.size(), static_cast<off_t>(offset)) ==
           static_cast<ssize_t>(into.size());
  };
}

Contents::Key Contents::KeyOf(const struct statx& object) {
  return {DeviceOf(object), object.stx_ino, object.stx_ctime.tv_sec, object.stx_ctime.tv_nsec};
}

const Content& Contents::Of(const struct statx& object, const std::function<UniqueFd()>& open) {
  static const auto& unread = *new Content;
  if (const auto known = known_.find(KeyOf(object)); known != known_.end()) return known->second;
  const UniqueFd fd = open();
  if (!fd) return unread;
  Content& content = known_[KeyOf(object)];
  content.readable = true;
  const ReadAt read = ReaderOf(fd.get());
  if (const std::optional<Elf> elf = ReadElf(read)) {
    content.is_elf = true;
    content.machine = elf->machine;
    content.is_64 = elf->is_64;
    content.build_id = BuildIdOf(*elf, read);
  }
  return content;
}

std::optional<bool> Contents::AreEqual(const struct statx& a,
                                       const std::function<UniqueFd()>& open_a,
                                       const struct statx& b,
                                       const std::function<UniqueFd()>& open_b) {
  if (a.stx_size != b.stx_size) return false;
  if (a.stx_size > kMostCompared) return std::nullopt;
  const std::pair both(KeyOf(a), KeyOf(b));
  if (const auto known = compared_.find(both); known != compared_.end()) return known->second;
  const UniqueFd fd_a = open_a(), fd_b = open_b();
  if (!fd_a || !fd_b) return std::nullopt;
  std::vector<char> block_a(256 << 10), block_b(block_a.size());
  for (uint64_t at = 0; at < a.stx_size;) {
    const ssize_t got = pread(fd_a.get(), block_a.data(), block_a.size(), static_cast<off_t>(at));
    if (got <= 0) return std::nullopt;
    const auto size = static_cast<size_t>(got);
    if (pread(fd_b.get(), block_b.data(), size, static_cast<off_t>(at)) != got) return std::nullopt;
    if (std::memcmp(block_a.data(), block_b.data(), size) != 0) return compared_[both] = false;
    at += size;
  }
  return compared_[both] = true;
}

}  // namespace rm
