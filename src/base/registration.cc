#include "base/registration.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "base/blob.h"
#include "base/start_ticks.h"
#include "base/win32_codes.h"

namespace rm {
namespace {

constexpr std::string_view kMagic = "rm-registration 1\n";
constexpr char kMemfdName[] = "restart-manager-registration";
constexpr std::string_view kLinkText = "/memfd:restart-manager-registration (deleted)";
constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

bool LinksToRegistration(int directory, const char* name) {
  char text[kLinkText.size() + 1];
  const ssize_t size = readlinkat(directory, name, text, sizeof text);
  return size >= 0 && std::string_view(text, size) == kLinkText;
}

// All memfds live on one file system that nobody can mount. statx does not ask the file system, so
// a dead one cannot hold it up.
std::optional<uint64_t> DeviceOf(int fd) {
  struct statx found;
  if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &found) != 0)
    return std::nullopt;
  if (!S_ISREG(found.stx_mode)) return std::nullopt;
  return uint64_t{found.stx_dev_major} << 32 | found.stx_dev_minor;
}

// The link may have another target by now, so the target is taken without opening it (O_PATH) and
// looked at first.
std::optional<std::string> ReadSealed(int directory, const char* name, uint64_t memfd_device) {
  const UniqueFd found(openat(directory, name, O_PATH | O_CLOEXEC));
  if (!found || DeviceOf(found.get()) != memfd_device) return std::nullopt;
  const std::string self = "/proc/self/fd/" + std::to_string(found.get());
  const UniqueFd file(open(self.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!file || (fcntl(file.get(), F_GET_SEALS) & kSeals) != kSeals) return std::nullopt;
  struct stat size;
  if (fstat(file.get(), &size) != 0 || size.st_size > static_cast<off_t>(kRegistrationMaxBytes))
    return std::nullopt;
  std::string bytes(size.st_size, '\0');
  if (pread(file.get(), bytes.data(), bytes.size(), 0) != size.st_size) return std::nullopt;
  return bytes;
}

struct CloseDirectory {
  void operator()(DIR* directory) const { closedir(directory); }
};

}  // namespace

template <class Blob, class Value>
requires std::same_as<std::remove_const_t<Value>, RegistrationNote>
void Fields(Blob& blob, Value& note) {
  blob(note.pid, note.start_ticks, note.flags, note.command_line, note.arguments);
}

std::string EncodeRegistration(const RegistrationNote& note) {
  BlobWriter blob(kMagic);
  blob(note);
  return blob.bytes();
}

std::optional<RegistrationNote> DecodeRegistration(std::string_view bytes) {
  RegistrationNote note;
  BlobReader reader(bytes, kMagic);
  reader(note);
  const auto has_nul = [](const std::string& text) { return text.find('\0') != text.npos; };
  if (!reader.complete() || has_nul(note.command_line) ||
      std::ranges::any_of(note.arguments, has_nul))
    return std::nullopt;
  return note;
}

UniqueFd SealRegistration(std::string_view bytes) {
  UniqueFd memfd(memfd_create(kMemfdName, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!memfd) return memfd;
  if (pwrite(memfd.get(), bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()) ||
      fcntl(memfd.get(), F_ADD_SEALS, kSeals) != 0)
    memfd.Reset();
  return memfd;
}

Result<std::optional<RegistrationNote>> ReadRegistration(pid_t pid) {
  const UniqueFd process = OpenProcessDirectory(pid);
  const auto start_ticks = process ? ReadStartTicks(process.get()) : std::nullopt;
  if (!start_ticks) return std::nullopt;
  const int fds = openat(process.get(), "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, CloseDirectory> list(fds >= 0 ? fdopendir(fds) : nullptr);
  if (!list) {
    if (errno == ENOENT || errno == ESRCH) return std::nullopt;
    return Fail(kAccessDenied, "The descriptors of process {} cannot be looked at: {}.", pid,
                strerror(errno));
  }
  std::optional<uint64_t> memfd_device;
  while (const dirent* entry = readdir(list.get())) {
    if (!LinksToRegistration(fds, entry->d_name)) continue;
    if (!memfd_device) memfd_device = DeviceOf(SealRegistration("").get());
    if (!memfd_device) return Fail(kOutOfMemory, "No memfd can be made: {}.", strerror(errno));
    const auto bytes = ReadSealed(fds, entry->d_name, *memfd_device);
    if (!bytes) continue;
    auto note = DecodeRegistration(*bytes);
    if (note && note->pid == pid && note->start_ticks == start_ticks) return note;
  }
  return std::nullopt;
}

}  // namespace rm
