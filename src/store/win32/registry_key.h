// One key of the registry and its values. Failures are 29, as RmStartSession names them.
#pragma once

#include <windows.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace rm {

class RegistryKey {
 public:
  RegistryKey() = default;
  explicit RegistryKey(HKEY key) : key_(key) {}
  RegistryKey(RegistryKey&& other) noexcept : key_(std::exchange(other.key_, nullptr)) {}
  RegistryKey& operator=(RegistryKey&& other) noexcept {
    std::swap(key_, other.key_);
    return *this;
  }
  ~RegistryKey() {
    if (key_) ::RegCloseKey(key_);
  }

  // A volatile key below HKEY_CURRENT_USER, made if it is not there.
  static Result<RegistryKey> Make(const std::wstring& path);
  // None: there is no such key.
  static Result<std::optional<RegistryKey>> Open(const std::wstring& path);
  // With all its values, and what others put below it. That there is none is no failure.
  static Result<void> Delete(const std::wstring& path);

  Result<void> PutBytes(const std::wstring& name, const std::string& bytes) const;
  Result<void> PutNumber(const std::wstring& name, uint64_t number) const;  // REG_QWORD
  Result<void> PutDword(const std::wstring& name, uint32_t number) const;
  Result<void> PutTexts(const std::wstring& name, const std::vector<std::string>& texts) const;

  // Names of the keys below.
  Result<std::vector<std::wstring>> Children() const;
  // "" or 0 if there is no such value, or of another type.
  Result<std::string> Bytes(const std::wstring& name) const;
  Result<uint64_t> Number(const std::wstring& name) const;

 private:
  Result<void> Put(const std::wstring& name, DWORD type, const void* data, size_t size) const;
  Result<std::string> Get(const std::wstring& name, DWORD* type) const;

  HKEY key_ = nullptr;
};

}  // namespace rm
