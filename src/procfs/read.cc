#include "procfs/read.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "base/win32_codes.h"

namespace rm {
namespace {

// The paths behind the links of /proc are cut at a page by the kernel.
constexpr size_t kLinkCap = PATH_MAX + sizeof(kDeletedSuffix);

constexpr int kCachedTries = 16;

int64_t Nanoseconds(const struct statx_timestamp& t) {
  return int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

}  // namespace

int OpenDirectoryAt(int directory, const char* name, UniqueFd& opened) {
  const int fd = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return errno;
  opened.Reset(fd);
  return 0;
}

int ReadFileAt(int directory, const char* name, size_t cap, std::string& text) {
  text.clear();
  const UniqueFd fd(openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!fd) return errno;
  std::array<char, 4096> page;
  for (;;) {
    const ssize_t got = read(fd.get(), page.data(), page.size());
    if (got < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    if (got == 0) return 0;
    if (text.size() + static_cast<size_t>(got) > cap) return EFBIG;
    text.append(page.data(), static_cast<size_t>(got));
  }
}

int ReadLinkAt(int directory, const char* name, std::string& text) {
  text.resize(kLinkCap);
  const ssize_t got = readlinkat(directory, name, text.data(), text.size());
  const int error = errno;
  text.resize(got < 0 ? 0 : static_cast<size_t>(got));
  return got < 0 ? error : 0;
}

int ListNumbers(int directory, std::vector<pid_t>& numbers) {
  numbers.clear();
  alignas(dirent64) std::array<char, 32 << 10> buffer;
  if (lseek(directory, 0, SEEK_SET) < 0) return errno;
  for (;;) {
    const ssize_t got = getdents64(directory, buffer.data(), buffer.size());
    if (got < 0) return errno;
    if (got == 0) break;
    for (ssize_t at = 0; at < got;) {
      const auto* entry = reinterpret_cast<const dirent64*>(buffer.data() + at);
      at += entry->d_reclen;
      const char* end = entry->d_name + strlen(entry->d_name);
      pid_t number = 0;
      const auto [stop, error] = std::from_chars(entry->d_name, end, number);
      if (error == std::errc() && stop == end && number > 0) numbers.push_back(number);
    }
  }
  std::sort(numbers.begin(), numbers.end());
  return 0;
}

int StatAt(int directory, const char* name, unsigned mask, struct statx& found) {
  return statx(directory, name, AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, mask, &found) == 0 ? 0
                                                                                         : errno;
}

int OpenCached(int root, const std::string& path, UniqueFd& object, bool through_links) {
  struct open_how how {};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_CACHED;
  if (!through_links) how.resolve |= RESOLVE_NO_SYMLINKS;
  int error = EAGAIN;  // also when something is mounted or renamed meanwhile
  for (int i = 0; i < kCachedTries && error == EAGAIN; ++i) {
    object.Reset(static_cast<int>(syscall(SYS_openat2, root, path.c_str(), &how, sizeof how)));
    error = object ? 0 : errno;
  }
  return error;
}

int StatOpened(int object, unsigned mask, struct statx& found) {
  return statx(object, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, mask, &found) == 0
             ? 0
             : errno;
}

int StatCached(int root, const std::string& path, unsigned mask, struct statx& found) {
  UniqueFd object;
  if (const int error = OpenCached(root, path, object)) return error;
  return StatOpened(object.get(), mask, found);
}

bool IsGone(int error) { return error == ENOENT || error == ESRCH; }

bool IsExhausted(int error) { return error == EMFILE || error == ENFILE || error == ENOMEM; }

uint32_t CodeOf(int error) {
  if (IsExhausted(error)) return kOutOfMemory;
  return error == EACCES || error == EPERM ? kAccessDenied : kWriteFault;
}

uint64_t DeviceOf(const struct statx& found) {
  return makedev(found.stx_dev_major, found.stx_dev_minor);
}

FileIdentity ToIdentity(const struct statx& found) {
  return {
      .dev = DeviceOf(found),
      .ino = found.stx_ino,
      .btime_ns = found.stx_mask & STATX_BTIME ? Nanoseconds(found.stx_btime) : 0,
      .size = found.stx_size,
      .mtime_ns = Nanoseconds(found.stx_mtime),
      .mode = found.stx_mode,
      .ctime_ns = Nanoseconds(found.stx_ctime),
      .rdev = makedev(found.stx_rdev_major, found.stx_rdev_minor),
  };
}

bool IsSameObject(const struct statx& a, const struct statx& b) {
  return a.stx_ino == b.stx_ino && DeviceOf(a) == DeviceOf(b);
}

int ReadObjectPath(int directory, const char* name, std::string& path, bool& deleted) {
  deleted = false;
  if (const int error = ReadLinkAt(directory, name, path)) return error;
  if (!path.ends_with(kDeletedSuffix)) return 0;
  struct statx object {
  }, named{};
  const bool known = StatAt(directory, name, STATX_INO, object) == 0;
  // The kernel prints the name from our root, or from that of the other mount namespace.
  UniqueFd roots[] = {UniqueFd(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)),
                      UniqueFd(openat(directory, "root", O_PATH | O_DIRECTORY | O_CLOEXEC))};
  for (const UniqueFd& root : roots) {
    if (known && root && StatCached(root.get(), path, STATX_INO, named) == 0 &&
        IsSameObject(object, named)) {
      return 0;
    }
  }
  path.resize(path.size() - strlen(kDeletedSuffix));
  deleted = true;
  return 0;
}

}  // namespace rm
