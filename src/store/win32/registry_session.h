// How does one session look in the registry? One value for each part, each written at once.
//
// What makes a new session one is RmId, which is written last; without it the key is a remainder of
// a process that was killed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "store/session_store.h"
#include "store/win32/registry_key.h"

namespace rm {

inline constexpr size_t kSessionsMost = 64;

std::wstring SessionPath(uint32_t index);

class RegistrySession {
 public:
  // In the order of their indices.
  static Result<std::vector<RegistrySession>> OpenAll();
  // None: this index is free, or holds a remainder.
  static Result<std::optional<RegistrySession>> Open(uint32_t index);
  static Result<RegistrySession> Make(const SessionRecord& record, const std::string& key_hash);

  const SessionRecord& record() const { return record_; }
  Result<bool> HasKey(const std::string& hash) const;
  Result<bool> HasAlias(const std::string& hash) const;
  Result<void> PutAlias(const std::string& hash) const;

  Result<void> AddBatch(const Registration& batch) const;
  Result<std::vector<Filter>> Filters() const;
  Result<void> PutFilters(const std::vector<Filter>& filters) const;
  Result<std::vector<Debt>> Debts() const;
  Result<void> PutDebts(const std::vector<Debt>& debts) const;
  Result<void> PutSeen(const std::vector<App>& seen) const;
  Result<void> PutShutdownAttempted() const;
  Result<SessionState> Load() const;

 private:
  RegistrySession(RegistryKey key, SessionRecord record)
      : key_(std::move(key)), record_(std::move(record)) {}

  Result<void> PutHash(const wchar_t* kind, const std::vector<std::string>& added) const;
  Result<void> Bump() const;
  tl::unexpected<Error> Damaged(const char* what) const;

  RegistryKey key_;
  SessionRecord record_;
};

}  // namespace rm
