// What would the code do if the store failed just now? Sessions in memory, with a list of the calls
// made and a call that can be told to fail.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/win32_codes.h"
#include "store/session_store.h"

namespace rm {

class FakeStore : public SessionStore {
 public:
  // The n-th call from now on (1: the next) fails, and changes nothing.
  void FailCall(size_t n, Error error) {
    std::lock_guard lock(mutex_);
    failures_[calls_.size() + n] = std::move(error);
  }
  // The next call of this method fails.
  void FailNext(const std::string& method, Error error) {
    std::lock_guard lock(mutex_);
    method_failures_[method] = std::move(error);
  }

  // Names of the methods, in the order in which they were called, the failing ones too.
  std::vector<std::string> calls() const {
    std::lock_guard lock(mutex_);
    return calls_;
  }
  size_t CountCalls(const std::string& method) const {
    std::lock_guard lock(mutex_);
    return static_cast<size_t>(std::ranges::count(calls_, method));
  }

  // What is stored of this session; no call, never fails. Empty: it has ended.
  SessionState Peek(SessionId session) const {
    std::lock_guard lock(mutex_);
    const auto found = sessions_.find(session);
    return found == sessions_.end() ? SessionState{} : found->second.state;
  }

  // Set before the calls that need them.
  std::function<bool(const ProcessId&)> is_alive = [](const ProcessId&) { return true; };
  int64_t boot_time = 1'700'000'000'000'000;
  std::chrono::milliseconds lock_limit{30'000};

  void SetLockLimit(std::chrono::milliseconds limit) override {
    std::lock_guard lock(mutex_);
    lock_limit = limit;
  }

  Result<int64_t> BootTime() override {
    return Call<int64_t>("BootTime", [&]() -> Result<int64_t> { return boot_time; });
  }

  Result<NewSession> Start(const ProcessId& owner) override {
    return Call<NewSession>("Start", [&]() -> Result<NewSession> {
      std::erase_if(sessions_, [&](const auto& entry) {
        return !is_alive(entry.second.state.record.owner) && !Owes(entry.second.state);
      });
      const auto open = std::ranges::count_if(
          sessions_, [&](const auto& entry) { return is_alive(entry.second.state.record.owner); });
      if (open >= 64) return Fail(kMaxSessionsReached, "64 sessions are open.");
      NewSession created;
      created.dead_owe = std::ranges::any_of(
          sessions_, [&](const auto& entry) { return !is_alive(entry.second.state.record.owner); });
      created.record.id = ++last_id_;
      created.record.name = fmt::format("{:016x}", last_id_);
      created.record.index = FreeIndex();
      created.record.owner = owner;
      created.record.started_us = boot_time + static_cast<int64_t>(last_id_);
      created.key = fmt::format("{:032x}", last_id_);
      sessions_[last_id_] = {created.key, SessionState{.record = created.record}};
      return created;
    });
  }

  Result<void> SetAlias(SessionId session, const std::string& key) override {
    return Call<void>("SetAlias", [&]() -> Result<void> {
      if (!sessions_.contains(session)) return Ended();
      if (key.size() != 32) return Fail(kBadArguments, "This is no key.");
      for (auto& [id, entry] : sessions_)
        if (entry.alias == Lower(key)) entry.alias.clear();
      sessions_[session].alias = Lower(key);
      return {};
    });
  }

  Result<SessionRecord> Find(const std::string& key) override {
    return Call<SessionRecord>("Find", [&]() -> Result<SessionRecord> {
      for (const auto& [id, entry] : sessions_)
        if (!key.empty() && (entry.key == Lower(key) || entry.alias == Lower(key)))
          return entry.state.record;
      return Fail(kSessionCredentialConflict, "No session has this key.");
    });
  }

  Result<void> Register(SessionId session, const Registration& batch) override {
    return Change("Register", session, [&](SessionState& state) -> Result<void> {
      Append(state.registered.files, batch.files);
      Append(state.registered.processes, batch.processes);
      Append(state.registered.services, batch.services);
      return {};
    });
  }

  Result<void> AddFilter(SessionId session, const Filter& filter) override {
    return Change("AddFilter", session, [&](SessionState& state) -> Result<void> {
      std::erase_if(state.filters, [&](const Filter& f) { return SameTarget(f, filter); });
      state.filters.push_back(filter);
      return {};
    });
  }

  Result<void> RemoveFilter(SessionId session, const Filter& filter) override {
    return Change("RemoveFilter", session, [&](SessionState& state) -> Result<void> {
      if (std::erase_if(state.filters, [&](const Filter& f) { return SameTarget(f, filter); }))
        return {};
      return Fail(kFileNotFound, "The session has no filter on this target.");
    });
  }

  Result<SessionState> Load(SessionId session) override {
    return Call<SessionState>("Load", [&]() -> Result<SessionState> {
      const auto found = sessions_.find(session);
      if (found == sessions_.end()) return Ended();
      return found->second.state;
    });
  }

  Result<void> SetShutdownAttempted(SessionId session) override {
    return Change("SetShutdownAttempted", session, [&](SessionState& state) -> Result<void> {
      state.record.shutdown_attempted = true;
      return {};
    });
  }

  Result<void> SaveSeen(SessionId session, const std::vector<App>& seen) override {
    return Change("SaveSeen", session, [&](SessionState& state) -> Result<void> {
      state.seen = seen;
      return {};
    });
  }

  Result<void> AddDebts(SessionId session, std::vector<Debt>& debts) override {
    return Change("AddDebts", session, [&](SessionState& state) -> Result<void> {
      for (Debt& debt : debts) debt.id = ++last_debt_;
      Append(state.debts, debts);
      return {};
    });
  }

  Result<void> UpdateDebts(SessionId session, const std::vector<Debt>& debts) override {
    return Change("UpdateDebts", session, [&](SessionState& state) -> Result<void> {
      for (const Debt& debt : debts) {
        const auto stored = std::ranges::find(state.debts, debt.id, &Debt::id);
        if (stored == state.debts.end())
          return Fail(kWriteFault, "The debt {} is not written down in this session.", debt.id);
        stored->state = debt.state;
        stored->relaunch_unit = debt.relaunch_unit;
        stored->spec_file = debt.spec_file;
        stored->stopped_run = debt.stopped_run;
      }
      return {};
    });
  }

  Result<void> End(SessionId session) override {
    return Call<void>("End", [&]() -> Result<void> {
      if (sessions_.erase(session) != 0) return {};
      return Ended();
    });
  }

  // A session of an earlier boot that stopped these units, for AdoptEarlier.
  std::vector<Debt> earlier;

  Result<void> AdoptEarlier() override {
    return Call<void>("AdoptEarlier", [&]() -> Result<void> {
      if (earlier.empty()) return {};
      SessionState state;
      state.record.id = ++last_id_;
      state.record.name = fmt::format("{:016x}", last_id_);
      state.record.index = FreeIndex();
      state.record.shutdown_attempted = true;
      for (Debt& debt : earlier) debt.id = ++last_debt_;
      state.debts = std::exchange(earlier, {});
      sessions_[last_id_] = {"", std::move(state)};
      return {};
    });
  }

  Result<std::vector<SessionState>> All() override {
    return Call<std::vector<SessionState>>("All", [&]() -> Result<std::vector<SessionState>> {
      std::vector<SessionState> all;
      for (const auto& [id, entry] : sessions_) all.push_back(entry.state);
      std::ranges::sort(all, {}, [](const SessionState& state) { return state.record.index; });
      return all;
    });
  }

 private:
  struct Entry {
    std::string key;
    SessionState state;
    std::string alias = {};
  };

  static std::string Lower(std::string key) {
    for (char& c : key)
      if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
    return key;
  }

  template <class T, class Body>
  Result<T> Call(const std::string& method, Body body) {
    std::lock_guard lock(mutex_);
    calls_.push_back(method);
    if (auto told = failures_.extract(calls_.size())) return tl::unexpected(told.mapped());
    if (auto told = method_failures_.extract(method)) return tl::unexpected(told.mapped());
    return body();
  }

  // On a copy, which takes the place of the state only if all went well.
  template <class Body>
  Result<void> Change(const std::string& method, SessionId session, Body body) {
    return Call<void>(method, [&]() -> Result<void> {
      const auto found = sessions_.find(session);
      if (found == sessions_.end()) return Ended();
      SessionState changed = found->second.state;
      Result<void> done = body(changed);
      if (done) found->second.state = std::move(changed);
      return done;
    });
  }

  static tl::unexpected<Error> Ended() { return Fail(kInvalidHandle, "The session has ended."); }

  static bool Owes(const SessionState& state) {
    return std::ranges::any_of(state.debts, [](const Debt& debt) {
      return debt.state == DebtState::kOwed || debt.state == DebtState::kFailed ||
             debt.state == DebtState::kPlanned;
    });
  }

  uint32_t FreeIndex() const {
    for (uint32_t index = 0;; ++index)
      if (std::ranges::none_of(sessions_, [&](const auto& entry) {
            return entry.second.state.record.index == index;
          }))
        return index;
  }

  template <class T>
  static void Append(std::vector<T>& to, const std::vector<T>& more) {
    to.insert(to.end(), more.begin(), more.end());
  }

  mutable std::mutex mutex_;
  std::vector<std::string> calls_;
  std::map<size_t, Error> failures_;
  std::map<std::string, Error> method_failures_;
  std::map<SessionId, Entry> sessions_;
  SessionId last_id_ = 0;
  uint64_t last_debt_ = 0;
};

}  // namespace rm
