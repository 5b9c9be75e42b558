#include "procfs/snapshot_streams.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/win32_codes.h"
#include "procfs/descriptor_copy.h"
#include "procfs/parse.h"
#include "procfs/read.h"

namespace rm {
namespace {

constexpr unsigned kWanted = STATX_TYPE | STATX_INO | STATX_BTIME;
constexpr int kKept = O_ACCMODE | O_APPEND;  // of the flags

constexpr std::array kStreamNames = {"standard input", "standard output", "standard error"};

// include/uapi/linux/major.h and Documentation/admin-guide/devices.txt
constexpr unsigned kMemoryMajor = 1, kNullMinor = 3;
constexpr unsigned kAlternateMajor = 5, kPtmxMinor = 2;
bool IsTerminal(unsigned major) {
  return major == 4 || major == 5 || (major >= 136 && major <= 143);
}

const char* NameOfType(const struct statx& object) {
  if (S_ISFIFO(object.stx_mode)) return "a pipe";
  if (S_ISSOCK(object.stx_mode)) return "a socket";
  if (S_ISCHR(object.stx_mode) && IsTerminal(object.stx_rdev_major)) return "a terminal";
  if (S_ISCHR(object.stx_mode) && !IsHarmlessDevice(object.stx_rdev_major, object.stx_rdev_minor)) {
    return "a device that is not opened again";
  }
  if (S_ISCHR(object.stx_mode) || S_ISREG(object.stx_mode)) return nullptr;
  return "something that cannot be opened again";
}

// The file, if the process really has it open with these flags; else none.
ObjectId ProvenObject(pid_t pid, int fd, const StandardStream& stream) {
  UniqueFd copy;
  struct statx object {};
  if (CopyDescriptor(pid, fd, copy) || StatOpened(copy.get(), kWanted, object) ||
      !S_ISREG(object.stx_mode) ||
      (fcntl(copy.get(), F_GETFL) & (kKept | O_PATH)) != stream.flags) {
    return {};
  }
  return ObjectIdOf(object);
}

}  // namespace

int ReadStream(int process_directory, pid_t pid, int fd, StandardStream& stream,
               std::string& lack) {
  stream = {};
  lack.clear();
  const std::string link = fmt::format("fd/{}", fd);
  const auto lacks = [&](std::string_view what) {
    lack = fmt::format("Its {} is {}.", kStreamNames[fd], what);
    return 0;
  };
  const auto unread = [&](int error) {
    return CodeOf(error) == kAccessDenied || IsGone(error) ? lacks("not readable") : error;
  };
  struct statx object {};
  int error = StatAt(process_directory, link.c_str(), kWanted, object);
  if (IsGone(error)) return 0;  // closed
  if (error) return unread(error);
  if (const char* type = NameOfType(object)) return lacks(type);
  if (S_ISCHR(object.stx_mode) && object.stx_rdev_major == kMemoryMajor &&
      object.stx_rdev_minor == kNullMinor) {
    return 0;
  }

  std::string path, info;
  bool deleted = false;
  error = ReadObjectPath(process_directory, link.c_str(), path, deleted);
  const std::string facts = fmt::format("fdinfo/{}", fd);
  if (!error) error = ReadFileAt(process_directory, facts.c_str(), kSmallFile, info);
  if (error) return unread(error);
  if (deleted || !path.starts_with('/')) return lacks("a file that was deleted");
  const int flags = static_cast<int>(ParseNumber(FieldOf(info, "flags"), 8).value_or(0));
  if (flags & O_PATH) return lacks("a file that it has not opened");
  stream = {
      .path = path,
      .flags = flags & kKept,
      .offset = ParseNumber(FieldOf(info, "pos")).value_or(0),
  };
  stream.object = ProvenObject(pid, fd, stream);
  const bool reads = (flags & O_ACCMODE) != O_WRONLY, writes = (flags & O_ACCMODE) != O_RDONLY;
  if (faccessat(AT_FDCWD, path.c_str(), (reads ? R_OK : 0) | (writes ? W_OK : 0), AT_EACCESS) != 0)
    lacks("a file that may not be opened again");
  // From the same place it lacks what the old one knows, from the beginning it does it twice.
  if (fd == STDIN_FILENO && S_ISREG(object.stx_mode) && stream.offset > 0)
    lacks("a file that it has begun to read");
  return 0;
}

bool HasTerminalOfOthers(int process_directory) {
  UniqueFd descriptors;
  std::vector<pid_t> numbers;
  if (OpenDirectoryAt(process_directory, "fd", descriptors) ||
      ListNumbers(descriptors.get(), numbers))
    return false;
  return std::ranges::any_of(numbers, [&](pid_t fd) {
    struct statx object {};
    return StatAt(descriptors.get(), std::to_string(fd).c_str(), STATX_TYPE, object) == 0 &&
           S_ISCHR(object.stx_mode) && object.stx_rdev_major == kAlternateMajor &&
           object.stx_rdev_minor == kPtmxMinor;
  });
}

}  // namespace rm
