#include "store/sqlite_store.h"

#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <mutex>
#include <new>
#include <optional>
#include <utility>

#include "base/win32_codes.h"
#include "store/boot_debt_files.h"
#include "store/codec.h"
#include "store/connection.h"
#include "store/content_rows.h"
#include "store/directory.h"
#include "store/file_limit_shield.h"
#include "store/fork_guard.h"
#include "store/schema.h"
#include "store/session_key.h"
#include "store/session_rows.h"
#include "store/sqlite_error.h"

namespace rm {
namespace {

constexpr char kFileName[] = "sessions.db";
constexpr size_t kMaxBlob = 1'000'000'000;  // SQLITE_MAX_LENGTH

using Kind = Transaction::Kind;

bool IsMemory(int directory) {
  struct statfs about {};
  return ::fstatfs(directory, &about) == 0 &&
         (about.f_type == TMPFS_MAGIC || about.f_type == RAMFS_MAGIC);
}

class SqliteStore final : public SessionStore {
 public:
  SqliteStore(std::string directory, std::chrono::milliseconds lock_limit,
              std::function<bool(const ProcessId&)> is_alive,
              std::optional<BootDebtFiles> boot_debts)
      : directory_(std::move(directory)),
        lock_limit_(lock_limit),
        is_alive_(std::move(is_alive)),
        boot_debts_(std::move(boot_debts)),
        fork_guard_([this] { BeforeFork(); }, [this] { mutex_.unlock(); }) {}
  ~SqliteStore() override {
    std::lock_guard lock(mutex_);  // another thread may be about to fork
    DropConnection();
  }

  // Verifies that the store can be used.
  Result<void> Open() {
    return Run(Kind::kRead, [](Connection&) -> Result<void> { return {}; });
  }

  void SetLockLimit(std::chrono::milliseconds limit) override {
    std::lock_guard lock(mutex_);
    lock_limit_ = limit;
    if (connection_) connection_->SetLockLimit(limit);
  }

  Result<int64_t> BootTime() override {
    return Run(Kind::kRead, [](Connection& db) -> Result<int64_t> {
      Query row(db, "SELECT time_us FROM boot");
      row.Next();
      return row.NumberAt(0);
    });
  }

  Result<NewSession> Start(const ProcessId& owner) override {
    // Asked before the lock is taken: whoever is dead stays dead.
    auto sessions = Run(Kind::kRead, [](Connection& db) -> Result<std::vector<SessionRecord>> {
      return ReadSessions(db);
    });
    if (!sessions) return Pass(std::move(sessions));
    std::vector<SessionId> abandoned;
    for (const SessionRecord& session : *sessions)
      if (session.owner != owner && !is_alive_(session.owner)) abandoned.push_back(session.id);
    auto started =
        Run(Kind::kWrite, [&](Connection& db) { return AddSession(db, owner, abandoned); });
    // Once is enough: no other boot comes while this process lives.
    if (started && boot_debts_ && !looked_at_earlier_.exchange(true))
      started->dead_owe = started->dead_owe || boot_debts_->HasEarlier();
    return started;
  }

  Result<void> SetAlias(SessionId session, const std::string& key) override {
    return Change(session, [&](Connection& db) -> Result<void> {
      const std::optional<std::string> hash = HashSessionKey(key);
      if (!hash) return Fail(kBadArguments, "A session key has 32 hexadecimal digits.");
      PutAlias(db, session, *hash);
      return {};
    });
  }

  Result<SessionRecord> Find(const std::string& key) override {
    return Run(Kind::kRead, [&](Connection& db) -> Result<SessionRecord> {
      const std::optional<std::string> hash = HashSessionKey(key);
      std::optional<SessionRecord> found;
      if (hash) found = FindSession(db, *hash);
      if (found) return *found;
      return Fail(kSessionCredentialConflict,
                  "No session of user {} has this key. Has it ended, or does it belong to another "
                  "user?",
                  ::geteuid());
    });
  }

  Result<void> Register(SessionId session, const Registration& batch) override {
    const std::string encoded = EncodeBatch(batch);
    if (encoded.size() >= kMaxBlob)
      return Fail(kWriteFault, "{} files are too many for one registration. Register less at once.",
                  batch.files.size());
    return Change(session, [&](Connection& db) -> Result<void> {
      AddBatch(db, session, encoded);
      return {};
    });
  }

  Result<void> AddFilter(SessionId session, const Filter& filter) override {
    return Change(session, [&](Connection& db) -> Result<void> {
      PutFilter(db, session, filter);
      return {};
    });
  }

  Result<void> RemoveFilter(SessionId session, const Filter& filter) override {
    return Change(session, [&](Connection& db) -> Result<void> {
      if (DeleteFilter(db, session, filter)) return {};
      return Fail(kFileNotFound, "The session has no filter on this target.");
    });
  }

  Result<SessionState> Load(SessionId session) override {
    return Run(Kind::kRead, [&](Connection& db) -> Result<SessionState> {
      if (auto exists = RequireSession(db, session); !exists) return Pass(std::move(exists));
      return ReadState(db, *ReadSession(db, session));
    });
  }

  Result<void> SetShutdownAttempted(SessionId session) override {
    return Change(session, [&](Connection& db) -> Result<void> {
      PutShutdownAttempted(db, session);
      return {};
    });
  }

  Result<void> SaveSeen(SessionId session, const std::vector<App>& seen) override {
    return Change(session, [&](Connection& db) -> Result<void> {
      PutSeen(db, session, seen);
      return {};
    });
  }

  Result<void> AddDebts(SessionId session, std::vector<Debt>& debts) override {
    std::vector<uint64_t> ids;
    auto added = Change(session, [&](Connection& db) -> Result<void> {
      for (const Debt& debt : debts) ids.push_back(AddDebt(db, session, debt));
      return KeepForTheNextBoot(db, session);
    });
    if (added)
      for (size_t i = 0; i < debts.size(); ++i) debts[i].id = ids[i];
    return added;
  }

  Result<void> UpdateDebts(SessionId session, const std::vector<Debt>& debts) override {
    return Change(session, [&](Connection& db) -> Result<void> {
      for (const Debt& debt : debts)
        if (!UpdateDebt(db, session, debt))
          return Fail(kWriteFault, "The debt {} ({}) is not written down in this session.", debt.id,
                      debt.app_name);
      return KeepForTheNextBoot(db, session);
    });
  }

  Result<void> End(SessionId session) override {
    int debts = 0;
    auto ended = Change(session, [&](Connection& db) -> Result<void> {
      debts = DeleteDebts(db, session);
      DeleteSession(db, session);
      // Whoever never had any has left nothing elsewhere.
      if (!boot_debts_ || debts == 0) return {};
      return boot_debts_->Keep(fmt::format("{:016x}", session), {});
    });
    if (ended && debts != 0) EmptyLog();
    return ended;
  }

  Result<void> AdoptEarlier() override {
    if (!boot_debts_) return {};
    std::optional<Error> trouble;
    auto adopted = Run(Kind::kWrite, [&](Connection& db) -> Result<void> {
      // Under the lock: whoever pays removes the file in the same transaction as the session.
      BootDebtFiles::Found found = boot_debts_->TakeStock();
      for (const BootDebtFiles::Earlier& earlier : found.sessions) {
        SessionId session = 0;
        const char* const end = earlier.session.data() + earlier.session.size();
        std::from_chars(earlier.session.data(), end, session, 16);
        if (!AddEarlierSession(db, session, earlier.debts.started_us)) continue;
        for (const Debt& debt : DebtsOf(earlier.debts)) AddDebt(db, session, debt);
      }
      trouble = std::move(found.trouble);
      return {};
    });
    if (adopted && trouble) return tl::unexpected(std::move(*trouble));
    return adopted;
  }

  Result<std::vector<SessionState>> All() override {
    return Run(Kind::kRead, [](Connection& db) -> Result<std::vector<SessionState>> {
      std::vector<SessionState> states;
      for (SessionRecord& session : ReadSessions(db)) {
        auto state = ReadState(db, std::move(session));
        if (!state) return Pass(std::move(state));
        states.push_back(std::move(*state));
      }
      return states;
    });
  }

 private:
  // One transaction around `body`, which is undone when the body fails or anything throws.
  template <class Body>
  auto Run(Kind kind, Body body) -> std::invoke_result_t<Body, Connection&> {
    std::lock_guard lock(mutex_);
    const FileLimitShield shield;
    try {
      auto result = RunLocked(kind, body);
      if (!result) DropIfBroken();
      return result;
    } catch (...) {  // no memory, not even to say so
      DropIfBroken();
      throw;
    }
  }

  // What was overwritten in the database still stands in its log. Unless somebody reads it: then
  // the next one who ends a session empties it, or the last one who closes it.
  void EmptyLog() {
    std::lock_guard lock(mutex_);
    const FileLimitShield shield;
    if (!connection_ || connected_by_ != ::getpid()) return;
    connection_->SetLockLimit(std::chrono::milliseconds(0));
    connection_->TryExecute("PRAGMA wal_checkpoint(TRUNCATE)");
    connection_->SetLockLimit(lock_limit_);
  }

  // Neither half an opening nor a transaction that could not even be undone is kept.
  void DropIfBroken() {
    if (connection_ && connected_by_ == ::getpid() && (!ready_ || connection_->InTransaction()))
      connection_.reset();
  }

  template <class Body>
  auto RunLocked(Kind kind, Body body) -> std::invoke_result_t<Body, Connection&> {
    try {
      if (auto connected = Connect(); !connected) return Pass(std::move(connected));
      Transaction transaction(*connection_, kind);
      auto result = body(*connection_);
      if (result) transaction.Commit();
      return result;
    } catch (const SQLite::Exception& failure) {
      return tl::unexpected(
          ExplainSqlite(failure, connection_ ? connection_->SystemError() : 0, Path()));
    } catch (const std::bad_alloc&) {
      return Fail(kOutOfMemory, "There is not enough memory for the session store {}.", Path());
    }
  }

  // A change of one session, which must exist.
  template <class Body>
  Result<void> Change(SessionId session, Body body) {
    return Run(Kind::kWrite, [&](Connection& db) -> Result<void> {
      if (auto exists = RequireSession(db, session); !exists) return exists;
      return body(db);
    });
  }

  // In the same transaction, and on disk before it ends: a stop that is to follow is known to the
  // next boot as well.
  Result<void> KeepForTheNextBoot(Connection& db, SessionId session) {
    if (!boot_debts_) return {};
    const SessionRecord record = *ReadSession(db, session);
    auto debts = ReadDebts(db, record);
    if (!debts) return Pass(std::move(debts));
    const bool earlier = record.owner == ProcessId{};
    if (earlier) {
      // It was written by its own boot, and stays until each was tried: this boot is the one try.
      if (std::ranges::find(*debts, DebtState::kOwed, &Debt::state) != debts->end()) return {};
      return boot_debts_->Keep(record.name, {});
    }
    BootDebts owed = OwedToTheNextBoot(*debts);
    owed.boot_id = boot_debts_->boot_id();
    owed.started_us = record.started_us;
    return boot_debts_->Keep(record.name, owed);
  }

  Result<void> Connect() {
    if (connection_ && connected_by_ == ::getpid()) return {};
    if (connection_)
      return Fail(kWriteFault,
                  "The session store {} was open when this process was cloned without fork(), and "
                  "cannot be used here. Execute a program, or use fork().",
                  Path());
    Result<UniqueFd> directory = OpenPrivateDirectory(directory_);
    if (!directory) return Pass(std::move(directory));
    if (auto file = EnsurePrivateFile(directory->get(), kFileName, Path()); !file) return file;
    // SQLite opens these by their names, whatever is there.
    for (const char* suffix : {"-wal", "-shm", "-journal"}) {
      auto file =
          RequirePrivateFile(directory->get(), kFileName + std::string(suffix), Path() + suffix);
      if (!file) return file;
    }
    ready_ = false;
    connected_by_ = ::getpid();
    connection_ = std::make_unique<Connection>(Path(), lock_limit_, IsMemory(directory->get()));
    if (auto prepared = PrepareSchema(*connection_); !prepared) return prepared;
    ready_ = true;
    return {};
  }

  void BeforeFork() {
    mutex_.lock();
    DropConnection();
  }

  void DropConnection() {
    // Not even to be closed in a process that did not open it.
    if (connected_by_ != ::getpid()) std::ignore = connection_.release();
    connection_.reset();
  }

  std::string Path() const { return directory_ + "/" + kFileName; }

  const std::string directory_;
  std::mutex mutex_;
  std::chrono::milliseconds lock_limit_;
  const std::function<bool(const ProcessId&)> is_alive_;
  const std::optional<BootDebtFiles> boot_debts_;
  std::atomic<bool> looked_at_earlier_ = false;
  std::unique_ptr<Connection> connection_;
  pid_t connected_by_ = 0;
  bool ready_ = false;    // the schema was looked at
  ForkGuard fork_guard_;  // last: it uses the others
};

}  // namespace

Result<std::unique_ptr<SessionStore>> OpenSqliteStore(
    const std::string& directory, std::chrono::milliseconds lock_limit,
    std::function<bool(const ProcessId&)> is_alive, const std::string& boot_debts) {
  std::optional<BootDebtFiles> files;
  if (!boot_debts.empty()) {
    auto boot = BootId();
    if (!boot) return Pass(std::move(boot));
    files.emplace(boot_debts, boot->substr(0, boot->find('\n')));
  }
  auto store =
      std::make_unique<SqliteStore>(directory, lock_limit, std::move(is_alive), std::move(files));
  if (auto opened = store->Open(); !opened) return Pass(std::move(opened));
  return store;
}

}  // namespace rm
