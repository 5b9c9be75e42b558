#include "store/registry_store.h"

#include <algorithm>
#include <optional>
#include <set>

#include "base/win32/handle.h"
#include "base/win32/system_error.h"
#include "base/win32_codes.h"
#include "store/hash_text.h"
#include "store/session_key.h"
#include "store/win32/registry_session.h"

namespace rm {
namespace {

constexpr const wchar_t* kMutex = L"Local\\RstrMgr3887CAB8-533F-4C85-B0DC-3E5639F8D511";
// An id is a random number and, in its lowest bits, the index of the session's key.
constexpr unsigned kIndexBits = 16;
constexpr uint64_t kRandomPart = (uint64_t{1} << 47) - 1;
constexpr uint64_t kNeverZero = uint64_t{1} << 46;

class Lock {
 public:
  // A mutex that its owner left behind when it was killed is taken over: each value was written
  // whole or not at all.
  static Result<Lock> Take(std::chrono::milliseconds limit) {
    UniqueHandle mutex(::CreateMutexW(nullptr, FALSE, kMutex));
    if (!mutex)
      return Fail(kWriteFault, "The mutex of the session store could not be opened: {}",
                  LastSystemError());
    switch (::WaitForSingleObject(mutex.get(), static_cast<DWORD>(limit.count()))) {
      case WAIT_OBJECT_0:
      case WAIT_ABANDONED:
        return Lock(std::move(mutex));
      case WAIT_TIMEOUT:
        return Fail(kSemTimeout,
                    "Another process has been writing to the session store for {} ms. Try again.",
                    limit.count());
      default:
        return Fail(kWriteFault, "The session store could not be locked: {}", LastSystemError());
    }
  }

  Lock(Lock&&) = default;
  ~Lock() {
    if (mutex_) ::ReleaseMutex(mutex_.get());
  }

 private:
  explicit Lock(UniqueHandle mutex) : mutex_(std::move(mutex)) {}

  UniqueHandle mutex_;
};

int64_t Now() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

bool Owes(const std::vector<Debt>& debts) {
  return std::any_of(debts.begin(), debts.end(), IsOwed);
}

tl::unexpected<Error> Ended() { return Fail(kInvalidHandle, "The session has ended."); }

class RegistryStore final : public SessionStore {
 public:
  RegistryStore(std::chrono::milliseconds lock_limit,
                std::function<bool(const ProcessId&)> is_alive)
      : lock_limit_(lock_limit), is_alive_(std::move(is_alive)) {}

  void SetLockLimit(std::chrono::milliseconds limit) override { lock_limit_ = limit; }

  // Windows tells when a process started by the clock on the wall: there is nothing to count from.
  Result<int64_t> BootTime() override { return 1; }

  Result<NewSession> Start(const ProcessId& owner) override {
    return Locked<NewSession>([&]() -> Result<NewSession> {
      NewSession created;
      auto all = RegistrySession::OpenAll();
      if (!all) return Pass(std::move(all));
      std::set<uint32_t> taken;
      size_t living = 0;
      for (const RegistrySession& session : *all) {
        auto swept = Sweep(session, owner);
        if (!swept) return Pass(std::move(swept));
        living += *swept == Slot::kLiving;
        created.dead_owe = created.dead_owe || *swept == Slot::kOwing;
        if (*swept != Slot::kFree) taken.insert(session.record().index);
      }
      if (living >= kSessionsMost)
        return Fail(kMaxSessionsReached, "This user has {} sessions open. End one of them first.",
                    kSessionsMost);
      uint32_t free = 0;
      while (taken.contains(free)) ++free;
      created.key = MakeSessionKey();
      SessionRecord& record = created.record;
      record.id = ((RandomNumber() & kRandomPart) | kNeverZero) << kIndexBits | free;
      record.index = free;
      record.owner = owner;
      record.started_us = Now();
      auto made = RegistrySession::Make(record, *HashSessionKey(created.key));
      if (!made) return Pass(std::move(made));
      auto stored = RegistrySession::Open(free);
      if (!stored) return Pass(std::move(stored));
      record = (*stored)->record();
      return created;
    });
  }

  Result<void> SetAlias(SessionId session, const std::string& key) override {
    return Change(session, [&](RegistrySession& own) -> Result<void> {
      const auto hash = HashSessionKey(key);
      if (!hash) return Fail(kBadArguments, "A session key has 32 hexadecimal digits.");
      auto all = RegistrySession::OpenAll();
      if (!all) return Pass(std::move(all));
      for (const RegistrySession& other : *all) {
        auto same = other.HasAlias(*hash);
        if (!same) return Pass(std::move(same));
        if (*same)
          if (auto taken = other.PutAlias(""); !taken) return taken;
      }
      return own.PutAlias(*hash);
    });
  }

  Result<SessionRecord> Find(const std::string& key) override {
    return Locked<SessionRecord>([&]() -> Result<SessionRecord> {
      const auto hash = HashSessionKey(key);
      auto all = RegistrySession::OpenAll();
      if (!all) return Pass(std::move(all));
      for (const RegistrySession& session : *all) {
        if (!hash) break;
        auto has = session.HasKey(*hash);
        if (has && !*has) has = session.HasAlias(*hash);
        if (!has) return Pass(std::move(has));
        if (*has) return session.record();
      }
      return Fail(kSessionCredentialConflict,
                  "No session of this user has this key. Has it ended, or does it belong to "
                  "another user?");
    });
  }

  Result<void> Register(SessionId session, const Registration& batch) override {
    return Change(session, [&](RegistrySession& own) { return own.AddBatch(batch); });
  }

  Result<void> AddFilter(SessionId session, const Filter& filter) override {
    return Change(session, [&](RegistrySession& own) -> Result<void> {
      auto filters = own.Filters();
      if (!filters) return Pass(std::move(filters));
      std::erase_if(*filters, [&](const Filter& old) { return Same(old, filter); });
      filters->push_back(filter);
      return own.PutFilters(*filters);
    });
  }

  Result<void> RemoveFilter(SessionId session, const Filter& filter) override {
    return Change(session, [&](RegistrySession& own) -> Result<void> {
      auto filters = own.Filters();
      if (!filters) return Pass(std::move(filters));
      if (!std::erase_if(*filters, [&](const Filter& old) { return Same(old, filter); }))
        return Fail(kFileNotFound, "The session has no filter on this target.");
      return own.PutFilters(*filters);
    });
  }

  Result<SessionState> Load(SessionId session) override {
    return Locked<SessionState>([&]() -> Result<SessionState> {
      auto own = OpenById(session);
      if (!own) return Pass(std::move(own));
      return own->Load();
    });
  }

  Result<void> SetShutdownAttempted(SessionId session) override {
    return Change(session, [](RegistrySession& own) { return own.PutShutdownAttempted(); });
  }

  Result<void> SaveSeen(SessionId session, const std::vector<App>& seen) override {
    return Change(session, [&](RegistrySession& own) { return own.PutSeen(seen); });
  }

  Result<void> AddDebts(SessionId session, std::vector<Debt>& debts) override {
    std::vector<Debt> added = debts;
    auto written = Change(session, [&](RegistrySession& own) -> Result<void> {
      auto stored = own.Debts();
      if (!stored) return Pass(std::move(stored));
      uint64_t next = stored->empty() ? 1 : stored->back().id + 1;
      for (Debt& debt : added) {
        debt.id = next++;
        stored->push_back(debt);
      }
      return own.PutDebts(*stored);
    });
    if (written) debts = std::move(added);
    return written;
  }

  Result<void> UpdateDebts(SessionId session, const std::vector<Debt>& debts) override {
    return Change(session, [&](RegistrySession& own) -> Result<void> {
      auto stored = own.Debts();
      if (!stored) return Pass(std::move(stored));
      for (const Debt& debt : debts) {
        const auto old = std::find_if(stored->begin(), stored->end(),
                                      [&](const Debt& other) { return other.id == debt.id; });
        if (old == stored->end())
          return Fail(kWriteFault, "The debt {} ({}) is not written down in this session.", debt.id,
                      debt.app_name);
        old->state = debt.state;
        old->relaunch_unit = debt.relaunch_unit;
        old->spec_file = debt.spec_file;
      }
      return own.PutDebts(*stored);
    });
  }

  Result<void> End(SessionId session) override {
    return Change(session, [](RegistrySession& own) -> Result<void> {
      return RegistryKey::Delete(SessionPath(own.record().index));
    });
  }

  Result<std::vector<SessionState>> All() override {
    return Locked<std::vector<SessionState>>([&]() -> Result<std::vector<SessionState>> {
      auto all = RegistrySession::OpenAll();
      if (!all) return Pass(std::move(all));
      std::vector<SessionState> states;
      for (const RegistrySession& session : *all) {
        // A damaged one is in the way of its own installer, and of nobody else.
        if (auto state = session.Load()) states.push_back(std::move(*state));
      }
      return states;
    });
  }

 private:
  enum class Slot { kFree, kLiving, kOwing };

  static bool Same(const Filter& a, const Filter& b) { return a.target == b.target; }

  // Ends a session whose owner is dead and that owes nothing.
  Result<Slot> Sweep(const RegistrySession& session, const ProcessId& starter) {
    const ProcessId& owner = session.record().owner;
    if (owner == starter || is_alive_(owner)) return Slot::kLiving;
    // What cannot be read nobody can pay.
    const auto debts = session.Debts();
    if (debts && Owes(*debts)) return Slot::kOwing;
    auto ended = RegistryKey::Delete(SessionPath(session.record().index));
    if (!ended) return Pass(std::move(ended));
    return Slot::kFree;
  }

  static Result<RegistrySession> OpenById(SessionId id) {
    auto session = RegistrySession::Open(static_cast<uint32_t>(id & ((1u << kIndexBits) - 1)));
    if (!session) return Pass(std::move(session));
    if (!*session || (*session)->record().id != id) return Ended();
    return std::move(**session);
  }

  template <class T, class Body>
  Result<T> Locked(Body body) {
    auto lock = Lock::Take(lock_limit_);
    if (!lock) return Pass(std::move(lock));
    return body();
  }

  template <class Body>
  Result<void> Change(SessionId session, Body body) {
    return Locked<void>([&]() -> Result<void> {
      auto own = OpenById(session);
      if (!own) return Pass(std::move(own));
      return body(*own);
    });
  }

  std::chrono::milliseconds lock_limit_;
  const std::function<bool(const ProcessId&)> is_alive_;
};

}  // namespace

std::unique_ptr<SessionStore> OpenRegistryStore(std::chrono::milliseconds lock_limit,
                                                std::function<bool(const ProcessId&)> is_alive) {
  return std::make_unique<RegistryStore>(lock_limit, std::move(is_alive));
}

}  // namespace rm
