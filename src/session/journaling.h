// What does the journal hear of one session, in which order? docs/journal.md.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "execute/event.h"
#include "journal/record.h"
#include "model/step.h"
#include "store/session_store.h"

namespace rm {

// When the journal hears that the session has begun.
enum class Begin {
  kHeard,      // it has: this process joined the session, or opened it again
  kNow,        // with the first call
  kWhenItActs  // a session that only looks is not heard of at all
};

class Journaling {
 public:
  // Without a sink nothing is heard.
  Journaling() = default;
  Journaling(JournalSink sink, const SessionRecord& record, Begin begin, uint64_t unspoken);

  void Registered(const Registration& batch);
  // Once for each set of apps and reasons.
  void RebootNeeded(const std::vector<App>& apps, uint32_t reasons);
  // Before the first stop, once for each app that is stopped and does not come back.
  void WillNotComeBack(const StopPlan& plan);
  // Hears what `next` hears. `apps` and `files` (Holding::file) must outlive it.
  EventSink Listening(const std::vector<App>& apps, std::vector<std::string> files, EventSink next);
  void Trouble(const std::string& sentence);
  void Ends();

 private:
  void TellReboot(const std::vector<App>& apps, uint32_t reasons);
  void Act(const JournalRecord& record);
  void Speak(const JournalRecord& record);
  void TellUntold();
  void Hear(const Event& event, const std::vector<App>& apps, const std::vector<std::string>& files,
            std::set<UnitRef>& along);

  JournalSink sink_;
  JournalSession session_;
  Begin begin_ = Begin::kHeard;
  uint64_t unspoken_ = 0;
  size_t registrations_ = 0;
  RegisteredCounts untold_;
  std::string reboot_told_;
  std::set<ProcessId> not_back_told_;
};

}  // namespace rm
