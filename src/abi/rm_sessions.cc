// RmStartSession, RmJoinSession, RmEndSession and what this project adds to them.
#include <restartmanager.h>
#include <restartmanagerx.h>

#include <cstring>
#include <optional>
#include <utility>

#include "abi/call.h"
#include "abi/convert.h"
#include "abi/handles.h"
#include "abi/key_text.h"
#include "abi/runtime.h"
#include "journal/socket.h"

namespace rm {
namespace {

constexpr Milliseconds kPayingOthers{1'000};
constexpr size_t kKeyBuffer = CCH_RM_SESSION_KEY + 1;

Result<DWORD> Open(const Backing& backing, const SessionRecord& record, Role role, bool begins) {
  auto session = MakeSession(backing, record, role);
  if (!session) return Pass(std::move(session));
  auto handle = Handles().Add(OpenSession{*session, backing.directory, backing.boot_us});
  if (handle) (*session)->SetJournal(OpenJournal(backing, record, begins));
  return handle;
}

Result<ProcessId> CallingProcess(Machine& machine) {
  auto self = machine.Self({});
  if (!self) return Pass(std::move(self));
  return self->self;
}

struct Started {
  DWORD handle;
  std::string key;
};

// `alias`: a second key, or "".
Result<Started> Start(const RM_UNIQUE_PROCESS* owner, const std::string& alias) {
  auto backing = OpenBacking();
  if (!backing) return Pass(std::move(backing));
  auto machine = OpenMachine();
  if (!machine) return Pass(std::move(machine));
  auto process =
      owner ? Result<ProcessId>(ToProcess(*owner, backing->boot_us)) : CallingProcess(**machine);
  if (!process) return Pass(std::move(process));
  if (owner && !(*machine)->IsAlive(*process))
    return Fail(kBadArguments, "process {} does not exist (any more): it cannot own a session",
                owner->dwProcessId);
  auto started = backing->store->Start(*process);
  if (!started) return Pass(std::move(started));
  if (started->dead_owe) {
    // An installer died and so did its guard. What cannot be paid now stays owed.
    Limits limits;
    limits.restart = kPayingOthers;
    (void)Recover(*machine, backing->store, backing->directory, {}, limits, ToJournal());
  }
  const SessionId id = started->record.id;
  Result<void> named = alias.empty() ? Result<void>() : backing->store->SetAlias(id, alias);
  auto handle = named ? Open(*backing, started->record, Role::kPrimary, true)
                      : Result<DWORD>(Pass(std::move(named)));
  if (!handle) {
    (void)backing->store->End(id);
    return Pass(std::move(handle));
  }
  return Started{*handle, std::move(started->key)};
}

Result<DWORD> OpenByKey(const std::string& key, Role role) {
  auto backing = OpenBacking();
  if (!backing) return Pass(std::move(backing));
  auto record = backing->store->Find(key);
  if (!record) return Pass(std::move(record));
  return Open(*backing, *record, role, false);
}

}  // namespace
}  // namespace rm

using namespace rm;

DWORD WINAPI RmStartSession(DWORD* pSessionHandle, DWORD dwSessionFlags, WCHAR strSessionKey[]) {
  return Call<kBadArguments, kMaxSessionsReached>([&]() -> Result<void> {
    if (!pSessionHandle || !strSessionKey)
      return Fail(kBadArguments, "RmStartSession needs a place for the handle and for the key");
    if (dwSessionFlags != 0) return Fail(kBadArguments, "the session flags have to be 0");
    const std::optional<std::string> guid = NarrowGuid(strSessionKey);
    auto started = Start(nullptr, guid.value_or(""));
    if (!started) return Pass(std::move(started));
    *pSessionHandle = started->handle;
    if (guid)
      std::memcpy(strSessionKey, started->key.c_str(), kKeyBuffer);
    else
      CopyText(started->key, strSessionKey, kKeyBuffer);
    return {};
  });
}

DWORD WINAPI RmxStartSession(DWORD* pSessionHandle, const RM_UNIQUE_PROCESS* pOwner,
                             char szKey[33]) {
  return Call([&]() -> Result<void> {
    if (!pSessionHandle || !szKey)
      return Fail(kBadArguments, "RmxStartSession needs a place for the handle and for the key");
    auto started = Start(pOwner, "");
    if (!started) return Pass(std::move(started));
    *pSessionHandle = started->handle;
    szKey[started->key.copy(szKey, CCH_RM_SESSION_KEY)] = '\0';
    return {};
  });
}

DWORD WINAPI RmJoinSession(DWORD* pSessionHandle, const WCHAR strSessionKey[]) {
  return Call<kBadArguments, kMaxSessionsReached, kSessionCredentialConflict>(
      [&]() -> Result<void> {
        if (!pSessionHandle)
          return Fail(kBadArguments, "RmJoinSession needs a place for the handle");
        if (!strSessionKey) return Fail(kBadArguments, "the session key is NULL");
        auto handle = OpenByKey(ReadKey(strSessionKey), Role::kSecondary);
        if (!handle) return Pass(std::move(handle));
        *pSessionHandle = *handle;
        return {};
      });
}

DWORD WINAPI RmxOpenSession(DWORD* pSessionHandle, const char* szKey) {
  return Call([&]() -> Result<void> {
    if (!pSessionHandle) return Fail(kBadArguments, "RmxOpenSession needs a place for the handle");
    if (!szKey) return Fail(kBadArguments, "the session key is NULL");
    auto handle = OpenByKey(szKey, Role::kPrimary);
    if (!handle) return Pass(std::move(handle));
    *pSessionHandle = *handle;
    return {};
  });
}

DWORD WINAPI RmEndSession(DWORD dwSessionHandle) {
  return Call<kInvalidHandle>([&]() -> Result<void> {
    auto open = Handles().Get(dwSessionHandle);
    if (!open) return Pass(std::move(open));
    auto ended = open->session->End();
    // 6: another thread, or another process, has ended the session itself.
    if (ended || ended.error().code == kInvalidHandle)
      Handles().Remove(dwSessionHandle, open->session);
    return ended;
  });
}

DWORD WINAPI RmxCloseSession(DWORD dwSessionHandle) {
  return Call([&]() -> Result<void> {
    auto open = Handles().Get(dwSessionHandle);
    if (!open) return Pass(std::move(open));
    Handles().Remove(dwSessionHandle, open->session);
    return {};
  });
}
