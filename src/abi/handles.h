// Which session is behind this handle? Small numbers, 0 first, 64 per process.
#pragma once

#include <restartmanager.h>

#include <array>
#include <bitset>
#include <memory>
#include <mutex>
#include <optional>

#include "base/result.h"
#include "session/session.h"

namespace rm {

inline constexpr size_t kHandles = 64;

struct OpenSession {
  std::shared_ptr<Session> session;
  std::string directory;  // of its store
  int64_t boot_us = 0;    // process start times of this session count from it
};

class HandleTable {
 public:
  // 353: all are taken.
  Result<DWORD> Add(OpenSession open);
  // A place that Fill cannot fail to find. Nobody has its handle until then. 353.
  Result<DWORD> Reserve();
  void Fill(DWORD handle, OpenSession open) noexcept;
  void GiveBack(DWORD handle) noexcept;
  // 6: nobody has this handle. 121: this thread is in a function that the session calls, and would
  // wait for itself.
  Result<OpenSession> Get(DWORD handle);
  // Also from there, for what does not wait: to cancel.
  Result<OpenSession> GetAnyway(DWORD handle);
  // Only if it is still that session's.
  void Remove(DWORD handle, const std::shared_ptr<Session>& session);

 private:
  // The first free place.
  std::optional<DWORD> Free() const;

  std::mutex mutex_;
  std::array<OpenSession, kHandles> open_;
  std::bitset<kHandles> reserved_;
};

// The one global of the library.
HandleTable& Handles();

}  // namespace rm
