// What does one Rm verb do? One method per verb: store, observe, inspect, plan, execute, record.
//
// Blocking and codes as in restartmanager.h. Calls on one Session are serialised by a mutex; Cancel
// alone may come from another thread at any time.
#pragma once

#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "execute/event.h"
#include "execute/stop.h"
#include "inspect/apps.h"
#include "machine/machine.h"
#include "model/step.h"
#include "plan/stop_plan.h"
#include "session/journaling.h"
#include "store/session_store.h"

namespace rm {

enum class Role { kPrimary, kSecondary };

struct SessionOptions {
  bool relaunch = false;
  bool guard = true;
  Backend backend = Backend::kAuto;
  Limits limits;
};

struct AppList {
  std::vector<App> apps;  // in the order of stopping; only_directories ones too
  uint32_t reasons = 0;
  bool directory_registered = false;
  std::vector<std::string> files;  // Holding::file indexes these
  std::vector<ProcessId> unreadable;
  std::vector<ProcessId> unanswered;     // Observation::unanswered
  std::vector<ProcessId> in_flight;      // Observation::in_flight
  std::vector<std::string> unreachable;  // paths of Observation::unreachable
};

struct HolderList {
  struct Holder {
    Holding holding;
    std::string name;
    std::string executable;  // "" if it is not known
    std::optional<UnitRef> unit;
  };
  std::vector<Holder> holders;
  std::vector<std::string> files;  // Holding::file indexes these
  std::vector<ProcessId> unreadable;
};

class Session {
 public:
  Session(SessionRecord record, Role role, std::shared_ptr<Machine> machine,
          std::shared_ptr<SessionStore> store, std::string store_directory);

  Role role() const { return role_; }
  // Of a session that was made before its record was there; nothing else was called yet.
  void Become(SessionRecord record) noexcept { record_ = std::move(record); }

  Result<void> Register(const std::vector<std::string>& files,
                        const std::vector<ProcessId>& processes,
                        const std::vector<std::string>& services);
  // Everything below a directory, also what comes later. 1223 Cancel was called.
  Result<TreeFound> RegisterTree(const std::string& path, bool other_file_systems);
  // `capture`: also find out whether programs could be relaunched, which costs a little.
  Result<AppList> List(bool capture);
  // Process by process, the directories too.
  Result<HolderList> Holders();
  Result<StopPlan> Plan(StopOptions options);
  Result<void> Shutdown(StopOptions options, const std::function<void(unsigned)>& percent);
  Result<void> Restart(const std::function<void(unsigned)>& percent);
  Result<void> Cancel();
  Result<void> AddFilter(const Filter& filter);
  Result<void> RemoveFilter(const Filter& filter);
  Result<std::vector<Filter>> Filters();
  void SetOption(const std::function<void(SessionOptions&)>& set);
  void UseStore(std::shared_ptr<SessionStore> store);
  void SetEvents(EventSink events);
  void SetJournal(Journaling journal);
  // Cancels what runs and what waits for its turn; when it succeeds everything else is 6.
  Result<void> End();

 private:
  class Task;
  struct Look {
    SessionState state;
    Observation seen;
    std::vector<App> apps;  // the affected of now, and those seen before
  };

  Result<void> RequirePrimary(const char* act) const;
  // For what changes who is owed a start. 121 somebody else does that for very long.
  Result<std::shared_ptr<void>> AwaitTurn();
  Result<void> Store(const Registration& batch);
  Result<Look> LookAround(bool capture, std::stop_token cancel);
  Result<void> FollowFilters(SessionState& state);
  void NoteOutcomes(std::stop_token cancel);
  Result<StopPlan> PlanFrom(Look& look, StopOptions options) const;
  StopContext Context(std::stop_token cancel) const;
  Result<void> Noted(Result<void> acted);
  std::stop_token BeginTask();
  void EndTask();
  Result<void> EndInStore();
  void SetEnding(bool ending);

  SessionRecord record_;
  const Role role_;
  const std::shared_ptr<Machine> machine_;
  std::shared_ptr<SessionStore> store_;
  const std::string store_directory_;
  SessionOptions options_;
  EventSink events_;
  Journaling journal_;
  std::mutex verb_;    // one verb at a time
  std::mutex cancel_;  // guards what follows
  std::stop_source task_{std::nostopstate};
  bool ending_ = false;  // nothing begins any more
};

}  // namespace rm
