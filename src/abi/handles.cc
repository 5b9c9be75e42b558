#include "abi/handles.h"

#include <cstddef>
#include <new>
#include <utility>

#include "abi/calling_back.h"
#include "base/win32_codes.h"

namespace rm {

namespace {

// Never destroyed: a thread may still be in a call when the process exits. Not on the heap: a
// library that is unloaded leaves nothing there.
alignas(HandleTable) std::byte place[sizeof(HandleTable)];
HandleTable& table = *new (place) HandleTable;

tl::unexpected<Error> AllAreTaken() {
  return Fail(kMaxSessionsReached, "this process has {} sessions open: end one of them first",
              kHandles);
}

}  // namespace

std::optional<DWORD> HandleTable::Free() const {
  for (size_t i = 0; i < open_.size(); ++i)
    if (!open_[i].session && !reserved_[i]) return static_cast<DWORD>(i);
  return std::nullopt;
}

Result<DWORD> HandleTable::Add(OpenSession open) {
  const std::lock_guard lock(mutex_);
  const auto handle = Free();
  if (!handle) return AllAreTaken();
  open_[*handle] = std::move(open);
  return *handle;
}

Result<DWORD> HandleTable::Reserve() {
  const std::lock_guard lock(mutex_);
  const auto handle = Free();
  if (!handle) return AllAreTaken();
  reserved_.set(*handle);
  return *handle;
}

void HandleTable::Fill(DWORD handle, OpenSession open) noexcept {
  const std::lock_guard lock(mutex_);
  open_[handle] = std::move(open);
  reserved_.reset(handle);
}

void HandleTable::GiveBack(DWORD handle) noexcept {
  const std::lock_guard lock(mutex_);
  reserved_.reset(handle);
}

Result<OpenSession> HandleTable::Get(DWORD handle) {
  auto open = GetAnyway(handle);
  if (open && open->session.get() == CalledBackBy())
    return Fail(kSemTimeout,
                "the session is busy calling this function, which may only cancel it "
                "(RmCancelCurrentTask)");
  return open;
}

Result<OpenSession> HandleTable::GetAnyway(DWORD handle) {
  const std::lock_guard lock(mutex_);
  if (handle < open_.size() && open_[handle].session) return open_[handle];
  return Fail(kInvalidHandle, "no session has the handle {}: it was ended, or never started",
              handle);
}

void HandleTable::Remove(DWORD handle, const std::shared_ptr<Session>& session) {
  const std::lock_guard lock(mutex_);
  if (handle < open_.size() && open_[handle].session == session) open_[handle] = {};
}

HandleTable& Handles() { return table; }

}  // namespace rm
