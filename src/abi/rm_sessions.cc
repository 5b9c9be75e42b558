// RmStartSession, RmJoinSession, RmEndSession and what this project adds to them.
#include <restartmanager.h>
#include <restartmanagerx.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include "abi/call.h"
#include "abi/convert.h"
#include "abi/handles.h"
#include "abi/key_text.h"
#include "abi/runtime.h"
#include "journal/socket.h"
#include "session/recover.h"

namespace rm {
namespace {

constexpr Milliseconds kPayingOthers{1'000};
constexpr size_t kKeyBuffer = CCH_RM_SESSION_KEY + 1;

OpenSession Make(const Backing& backing, std::shared_ptr<Machine> machine, SessionRecord record,
                 Role role) {
  auto session = std::make_shared<Session>(std::move(record), role, std::move(machine),
                                           backing.store, backing.directory);
  return OpenSession{std::move(session), backing.directory, backing.boot_us};
}

// A handle that is given back, unless it is kept.
class Reservation {
 public:
  explicit Reservation(DWORD handle) : handle_(handle) {}
  ~Reservation() {
    if (!kept_) Handles().GiveBack(handle_);
  }
  Reservation(const Reservation&) = delete;
  Reservation& operator=(const Reservation&) = delete;

  DWORD Keep(OpenSession open) noexcept {
    kept_ = true;
    Handles().Fill(handle_, std::move(open));
    return handle_;
  }

 private:
  const DWORD handle_;
  bool kept_ = false;
};

// The journal of a session is a convenience: without memory for it there is none.
void TellJournal(const Backing& backing, Session& session, const SessionRecord& record,
                 bool begins) noexcept {
  try {
    session.SetJournal(OpenJournal(backing, record, begins));
  } catch (const std::exception&) {
  }
}

// An installer died and so did its guard. What cannot be paid now stays owed.
void PayOthers(const std::shared_ptr<Machine>& machine, const Backing& backing) noexcept {
  try {
    (void)Recover(machine, backing.store, backing.directory, {}, Limits{}, ToJournal(),
                  kPayingOthers);
  } catch (const std::exception&) {
  }
}

Result<ProcessId> CallingProcess(Machine& machine) {
  auto self = machine.IdentifyProcess(getpid());
  if (!self) return Pass(std::move(self));
  if (!*self) return Fail(kWriteFault, "/proc does not show the calling process");
  return **self;
}

struct Started {
  DWORD handle;
  std::string key;
};

// `alias`: a second key, or "". All that needs memory is there before the session is in the store:
// nothing can fail then that would leave it there without a handle.
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
  auto handle = Handles().Reserve();
  if (!handle) return Pass(std::move(handle));
  Reservation reservation(*handle);
  OpenSession open = Make(*backing, *machine, {}, Role::kPrimary);
  auto started = backing->store->Start(*process);
  if (!started) return Pass(std::move(started));
  const SessionId id = started->record.id;
  if (!alias.empty()) {
    if (auto named = backing->store->SetAlias(id, alias); !named) {
      (void)backing->store->End(id);
      return Pass(std::move(named));
    }
  }
  TellJournal(*backing, *open.session, started->record, true);
  open.session->Become(std::move(started->record));
  Started done{reservation.Keep(std::move(open)), std::move(started->key)};
  if (started->dead_owe) PayOthers(*machine, *backing);
  return done;
}

Result<DWORD> OpenByKey(const std::string& key, Role role) {
  auto backing = OpenBacking();
  if (!backing) return Pass(std::move(backing));
  auto record = backing->store->Find(key);
  if (!record) return Pass(std::move(record));
  auto machine = OpenMachine();
  if (!machine) return Pass(std::move(machine));
  OpenSession open = Make(*backing, std::move(*machine), *record, role);
  TellJournal(*backing, *open.session, *record, false);
  return Handles().Add(std::move(open));
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
      std::copy_n(started->key.c_str(), kKeyBuffer, strSessionKey);  // digits
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
