#include "store/win32/registry_key.h"

#include <cstring>

#include "base/win32/system_error.h"
#include "base/win32/wide.h"
#include "base/win32_codes.h"

namespace rm {
namespace {

tl::unexpected<Error> Trouble(LSTATUS status, const char* act, const std::wstring& what) {
  ::SetLastError(static_cast<DWORD>(status));
  return Fail(kWriteFault, "The registry could not be {}: {}: {}", act, Narrow(what),
              LastSystemError());
}

}  // namespace

Result<RegistryKey> RegistryKey::Make(const std::wstring& path) {
  HKEY key = nullptr;
  const LSTATUS status =
      ::RegCreateKeyExW(HKEY_CURRENT_USER, path.c_str(), 0, nullptr, REG_OPTION_VOLATILE,
                        KEY_READ | KEY_WRITE, nullptr, &key, nullptr);
  if (status != ERROR_SUCCESS) return Trouble(status, "written", path);
  return RegistryKey(key);
}

Result<std::optional<RegistryKey>> RegistryKey::Open(const std::wstring& path) {
  HKEY key = nullptr;
  const LSTATUS status =
      ::RegOpenKeyExW(HKEY_CURRENT_USER, path.c_str(), 0, KEY_READ | KEY_WRITE, &key);
  if (status == ERROR_FILE_NOT_FOUND) return std::optional<RegistryKey>();
  if (status != ERROR_SUCCESS) return Trouble(status, "read", path);
  return std::optional<RegistryKey>(RegistryKey(key));
}

Result<void> RegistryKey::Delete(const std::wstring& path) {
  const LSTATUS status = ::RegDeleteTreeW(HKEY_CURRENT_USER, path.c_str());
  if (status == ERROR_SUCCESS || status == ERROR_FILE_NOT_FOUND) return {};
  return Trouble(status, "written", path);
}

Result<void> RegistryKey::Put(const std::wstring& name, DWORD type, const void* data,
                              size_t size) const {
  const LSTATUS status = ::RegSetValueExW(key_, name.c_str(), 0, type,
                                          static_cast<const BYTE*>(data), static_cast<DWORD>(size));
  if (status != ERROR_SUCCESS) return Trouble(status, "written", name);
  return {};
}

Result<void> RegistryKey::PutBytes(const std::wstring& name, const std::string& bytes) const {
  return Put(name, REG_BINARY, bytes.data(), bytes.size());
}

Result<void> RegistryKey::PutNumber(const std::wstring& name, uint64_t number) const {
  return Put(name, REG_QWORD, &number, sizeof number);
}

Result<void> RegistryKey::PutDword(const std::wstring& name, uint32_t number) const {
  return Put(name, REG_DWORD, &number, sizeof number);
}

Result<void> RegistryKey::PutTexts(const std::wstring& name,
                                   const std::vector<std::string>& texts) const {
  std::wstring list;
  for (const std::string& text : texts) (list += Wide(text)) += L'\0';
  list += L'\0';
  return Put(name, REG_MULTI_SZ, list.data(), list.size() * sizeof(wchar_t));
}

Result<std::vector<std::wstring>> RegistryKey::Children() const {
  std::vector<std::wstring> names;
  for (DWORD i = 0;; ++i) {
    wchar_t name[256];
    DWORD size = std::size(name);
    const LSTATUS status =
        ::RegEnumKeyExW(key_, i, name, &size, nullptr, nullptr, nullptr, nullptr);
    if (status == ERROR_NO_MORE_ITEMS) return names;
    if (status != ERROR_SUCCESS) return Trouble(status, "read", L"the list of sessions");
    names.emplace_back(name, size);
  }
}

Result<std::string> RegistryKey::Get(const std::wstring& name, DWORD* type) const {
  std::string bytes;
  for (;;) {
    DWORD size = static_cast<DWORD>(bytes.size());
    const LSTATUS status = ::RegQueryValueExW(key_, name.c_str(), nullptr, type,
                                              reinterpret_cast<BYTE*>(bytes.data()), &size);
    if (status == ERROR_FILE_NOT_FOUND) {
      *type = REG_NONE;
      return std::string();
    }
    if (status != ERROR_SUCCESS && status != ERROR_MORE_DATA) return Trouble(status, "read", name);
    const bool whole = status == ERROR_SUCCESS && size <= bytes.size();
    bytes.resize(size);
    if (whole) return bytes;
  }
}

Result<std::string> RegistryKey::Bytes(const std::wstring& name) const {
  DWORD type = 0;
  auto bytes = Get(name, &type);
  if (bytes && type != REG_BINARY) bytes->clear();
  return bytes;
}

Result<uint64_t> RegistryKey::Number(const std::wstring& name) const {
  DWORD type = 0;
  auto bytes = Get(name, &type);
  if (!bytes) return Pass(std::move(bytes));
  uint64_t number = 0;
  if (type == REG_QWORD && bytes->size() == sizeof number)
    std::memcpy(&number, bytes->data(), sizeof number);
  uint32_t dword = 0;
  if (type == REG_DWORD && bytes->size() == sizeof dword) {
    std::memcpy(&dword, bytes->data(), sizeof dword);
    number = dword;
  }
  return number;
}

}  // namespace rm
