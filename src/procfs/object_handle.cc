#include "procfs/object_handle.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/xattr.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace rm {
namespace {

#ifndef AT_HANDLE_FID
#define AT_HANDLE_FID 0x200  // <linux/fcntl.h>, Linux 6.5: to compare, not to open
#endif

constexpr int kOverlayType = 0xf8;     // OVL_FILEID_V1
constexpr size_t kOverlayPadding = 3;  // struct ovl_fh
constexpr size_t kOverlayUuid = 5;
constexpr size_t kOverlayHead =
    kOverlayUuid + 16;  // struct ovl_fb: version, magic, len, flags, type, uuid
constexpr unsigned char kOverlayMagic = 0xfb;

ObjectHandle Compose(int type, std::string_view bytes, bool overlay) {
  ObjectHandle handle{.overlay = overlay};
  handle.id.push_back(static_cast<char>(type));
  handle.id.append(bytes);
  return handle;
}

// An O_PATH descriptor has no attributes; its link in /proc leads to the object.
std::string LinkTo(int object) { return fmt::format("/proc/self/fd/{}", object); }

}  // namespace

std::optional<LayerHandle> ParseOverlayHandle(std::string_view bytes) {
  if (bytes.size() < kOverlayHead || static_cast<unsigned char>(bytes[1]) != kOverlayMagic) {
    return std::nullopt;
  }
  const size_t length = static_cast<unsigned char>(bytes[2]);
  if (length < kOverlayHead || length > bytes.size()) return std::nullopt;
  LayerHandle layer{Compose(bytes[4], bytes.substr(kOverlayHead, length - kOverlayHead), true),
                    std::string(bytes.substr(kOverlayUuid, kOverlayHead - kOverlayUuid))};
  if (layer.uuid.find_first_not_of('\0') == std::string::npos) layer.uuid.clear();
  return layer;
}

namespace {

// 0 or an errno. What the kernel gives, with its type.
int ReadRawHandle(int directory, const char* name, AtLink at_link, int& type, std::string& bytes) {
  alignas(file_handle) std::array<char, sizeof(file_handle) + MAX_HANDLE_SZ> buffer;
  auto* raw = reinterpret_cast<file_handle*>(buffer.data());
  int mount = 0, error = 0;
  const int at_name = at_link == AtLink::kFollow ? AT_SYMLINK_FOLLOW : 0;
  const int how = *name ? at_name : AT_EMPTY_PATH;
  for (const int flags : {how | AT_HANDLE_FID, how}) {
    raw->handle_bytes = MAX_HANDLE_SZ;
    error = name_to_handle_at(directory, name, raw, &mount, flags) == 0 ? 0 : errno;
    if (error != EINVAL) break;  // a kernel that does not know the flag
  }
  if (error) return error;
  type = raw->handle_type;
  bytes.assign(reinterpret_cast<const char*>(raw->f_handle), raw->handle_bytes);
  return 0;
}

std::optional<LayerHandle> FromRaw(std::string_view bytes) {
  return ParseOverlayHandle(bytes.substr(std::min(kOverlayPadding, bytes.size())));
}

}  // namespace

int ReadHandle(int directory, const char* name, ObjectHandle& handle, AtLink at_link) {
  int type = 0;
  std::string bytes;
  if (const int error = ReadRawHandle(directory, name, at_link, type, bytes)) return error;
  if (type != kOverlayType) {
    handle = Compose(type, bytes, false);
    return 0;
  }
  auto below = FromRaw(bytes);
  if (!below) return EPROTO;
  handle = std::move(below->handle);
  return 0;
}

std::optional<LayerHandle> ReadLayerHandle(int object) {
  int type = 0;
  std::string bytes;
  if (ReadRawHandle(object, "", AtLink::kFollow, type, bytes) || type != kOverlayType)
    return std::nullopt;
  return FromRaw(bytes);
}

std::optional<ObjectHandle> ReadOrigin(int object) {
  const std::string link = LinkTo(object);
  std::array<char, kOverlayHead + MAX_HANDLE_SZ> value;
  for (const char* name : {"trusted.overlay.origin", "user.overlay.origin"}) {
    const ssize_t got = getxattr(link.c_str(), name, value.data(), value.size());
    if (got < 0) continue;
    if (got == 0) return ObjectHandle{};
    std::optional<LayerHandle> origin =
        ParseOverlayHandle(std::string_view(value.data(), static_cast<size_t>(got)));
    if (!origin) return std::nullopt;
    origin->handle.overlay = false;
    return std::move(origin->handle);
  }
  return std::nullopt;
}

bool HasAttributesOnly(int object) {
  const std::string link = LinkTo(object);
  return getxattr(link.c_str(), "trusted.overlay.metacopy", nullptr, 0) >= 0 ||
         getxattr(link.c_str(), "user.overlay.metacopy", nullptr, 0) >= 0;
}

bool MayHaveOrigins(int directory) {
  const std::string link = LinkTo(directory);
  std::array<char, 8> value;  // it is "y"
  for (const char* name : {"trusted.overlay.impure", "user.overlay.impure"}) {
    if (getxattr(link.c_str(), name, value.data(), value.size()) >= 0) return true;
    if (errno != ENODATA && errno != EOPNOTSUPP) return true;
  }
  return false;
}

bool IsSameBelow(const ObjectHandle& found, const std::vector<ObjectHandle>& handles) {
  if (handles.empty() || (!found.overlay && !handles.front().overlay)) return false;
  return std::any_of(handles.begin(), handles.end(), [&](const ObjectHandle& handle) {
    const bool elsewhere = handle.dev && found.dev && handle.dev != found.dev;
    return !handle.id.empty() && handle.id == found.id && !elsewhere;
  });
}

std::vector<uint64_t> NumbersIn(const ObjectHandle& handle) {
  std::vector<uint64_t> numbers;
  const std::string_view bytes =
      std::string_view(handle.id).substr(std::min<size_t>(1, handle.id.size()));
  for (size_t at = 0; at + sizeof(uint32_t) <= bytes.size(); at += sizeof(uint32_t)) {
    uint32_t half = 0;
    uint64_t whole = 0;
    std::memcpy(&half, bytes.data() + at, sizeof half);
    if (half) numbers.push_back(half);
    if (at + sizeof whole > bytes.size()) break;
    std::memcpy(&whole, bytes.data() + at, sizeof whole);
    if (whole >> 32) numbers.push_back(whole);
  }
  return numbers;
}

}  // namespace rm
