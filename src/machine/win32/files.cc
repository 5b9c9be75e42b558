#include "machine/win32/files.h"

#include <winternl.h>

#include <algorithm>

#include "base/win32/wide.h"

namespace rm {
namespace {

// SYSTEM_HANDLE_INFORMATION_EX, information class 64.
struct HandleEntry {
  void* object;
  ULONG_PTR pid;
  ULONG_PTR handle;
  ULONG access;
  USHORT trace;
  USHORT type;
  ULONG attributes;
  ULONG reserved;
};
struct HandleTable {
  ULONG_PTR count;
  ULONG_PTR reserved;
  HandleEntry entries[1];
};
constexpr auto kExtendedHandles = static_cast<SYSTEM_INFORMATION_CLASS>(64);
constexpr auto kLengthMismatch = static_cast<NTSTATUS>(0xC0000004);

std::vector<HandleEntry> ListHandles() {
  std::vector<char> buffer(1 << 18);
  ULONG size = 0;
  NTSTATUS status = 0;
  while ((status = ::NtQuerySystemInformation(kExtendedHandles, buffer.data(),
                                              static_cast<ULONG>(buffer.size()), &size)) ==
         kLengthMismatch)
    buffer.resize(buffer.size() * 2);
  if (status < 0) return {};
  const auto* table = reinterpret_cast<const HandleTable*>(buffer.data());
  return {table->entries, table->entries + table->count};
}

uint64_t Join(DWORD high, DWORD low) { return static_cast<uint64_t>(high) << 32 | low; }

// The number that this system has for handles of files: that of one of our own. None: it tells the
// type of no handle.
std::optional<USHORT> FileType(const std::vector<HandleEntry>& handles, HANDLE own) {
  for (const HandleEntry& entry : handles)
    if (entry.pid == ::GetCurrentProcessId() && entry.handle == reinterpret_cast<ULONG_PTR>(own))
      return entry.type;
  return std::nullopt;
}

// Only what begins like one is run, or loaded as a library.
bool MayBeImage(const std::string& path) {
  const UniqueHandle file(::CreateFileW(Wide(path).c_str(), GENERIC_READ,
                                        FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                                        nullptr, OPEN_EXISTING, 0, nullptr));
  char magic[2];
  DWORD got = 0;
  if (!file || !::ReadFile(file.get(), magic, sizeof magic, &got, nullptr)) return true;
  return got == sizeof magic && magic[0] == 'M' && magic[1] == 'Z';
}

// Whether what has the same numbers is the same file. Wine has one volume number for all file
// systems below a drive, each of which counts its files from the beginning: then they differ in
// length or time. One that is being written to is taken for the same.
bool IsSame(const std::string& path, const LookAgain& object) {
  constexpr int kTries = 5;
  for (int i = 0; i < kTries; ++i) {
    const auto before = IdentityOf(path);
    const auto between = object();
    if (!before || !between) return true;
    if (IdentityOf(path) == before) return *before == *between;
  }
  return true;
}

}  // namespace

std::optional<FileIdentity> IdentityOf(HANDLE file) {
  BY_HANDLE_FILE_INFORMATION info{};
  if (::GetFileType(file) != FILE_TYPE_DISK || !::GetFileInformationByHandle(file, &info))
    return std::nullopt;
  FileIdentity identity;
  identity.dev = info.dwVolumeSerialNumber;
  identity.ino = Join(info.nFileIndexHigh, info.nFileIndexLow);
  identity.size = Join(info.nFileSizeHigh, info.nFileSizeLow);
  constexpr int64_t kUnixEpoch = 116'444'736'000'000'000;  // 1970 in 100 ns units since 1601
  const uint64_t written =
      Join(info.ftLastWriteTime.dwHighDateTime, info.ftLastWriteTime.dwLowDateTime);
  identity.mtime_ns = 100 * (static_cast<int64_t>(written) - kUnixEpoch);
  identity.mode = info.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY ? 0040000 : 0100000;
  return identity;
}

std::optional<FileIdentity> IdentityOf(const std::string& path) {
  const UniqueHandle file(::CreateFileW(Wide(path).c_str(), FILE_READ_ATTRIBUTES,
                                        FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                                        nullptr, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS,
                                        nullptr));
  if (!file) return std::nullopt;
  return IdentityOf(file.get());
}

Targets::Targets(const std::vector<FileResource>& files) {
  for (uint32_t i = 0; i < files.size(); ++i) {
    const auto& was = files[i].at_registration;
    const auto now = IdentityOf(files[i].path);
    if (now) by_object_.insert({{now->dev, now->ino}, {i, false, files[i].path}});
    const bool replaced = was && (!now || now->dev != was->dev || now->ino != was->ino);
    if (replaced) by_object_.insert({{was->dev, was->ino}, {i, true, files[i].path}});
    any_image_ = any_image_ || replaced || (now && MayBeImage(files[i].path));
  }
}

void Targets::Match(const ProcessId& process, const FileIdentity& object, const LookAgain& again,
                    HoldKind kind, std::vector<Holding>& holdings) const {
  const auto [first, last] = by_object_.equal_range({object.dev, object.ino});
  for (auto found = first; found != last; ++found) {
    if (!found->second.previous && !IsSame(found->second.path, again)) continue;
    Holding holding;
    holding.process = process;
    holding.kind = kind;
    holding.file = found->second.file;
    holding.previous_content = found->second.previous;
    const bool known = std::any_of(holdings.begin(), holdings.end(), [&](const Holding& other) {
      return other.process == process && other.kind == kind && other.file == holding.file;
    });
    if (!known) holdings.push_back(holding);
  }
}

std::vector<Holding> FindHandles(const Targets& targets,
                                 const std::map<DWORD, ListedProcess>& processes,
                                 const std::stop_token& cancel) {
  std::vector<Holding> holdings;
  if (targets.empty()) return holdings;
  wchar_t self[MAX_PATH];
  ::GetModuleFileNameW(nullptr, self, MAX_PATH);
  const UniqueHandle sample(::CreateFileW(self, FILE_READ_ATTRIBUTES,
                                          FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                                          nullptr, OPEN_EXISTING, 0, nullptr));
  const std::vector<HandleEntry> handles = ListHandles();
  const std::optional<USHORT> file_type = FileType(handles, sample.get());
  UniqueHandle holder;
  ULONG_PTR holder_pid = 0;
  for (const HandleEntry& entry : handles) {
    if (cancel.stop_requested()) break;
    if (file_type && entry.type != *file_type) continue;
    const auto process = processes.find(static_cast<DWORD>(entry.pid));
    if (process == processes.end()) continue;
    if (entry.pid != holder_pid) {
      holder = OpenSame(process->second.id, PROCESS_DUP_HANDLE);
      holder_pid = entry.pid;
    }
    if (!holder || (entry.pid == ::GetCurrentProcessId() &&
                    entry.handle == reinterpret_cast<ULONG_PTR>(sample.get())))
      continue;
    HANDLE copy = nullptr;
    if (!::DuplicateHandle(holder.get(), reinterpret_cast<HANDLE>(entry.handle),
                           ::GetCurrentProcess(), &copy, 0, FALSE, DUPLICATE_SAME_ACCESS))
      continue;
    const UniqueHandle file(copy);
    if (const auto object = IdentityOf(file.get()))
      targets.Match(
          process->second.id, *object, [&] { return IdentityOf(file.get()); },
          HoldKind::kDescriptor, holdings);
  }
  return holdings;
}

}  // namespace rm
