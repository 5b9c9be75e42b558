// What is written down, and queued, before anybody hears that it should leave?
#pragma once

#include <set>
#include <vector>

#include "execute/stop.h"

namespace rm {

class WriteAhead {
 public:
  WriteAhead(StopPlan& plan, const StopContext& context, Machine& machine, SessionStore& store)
      : plan_(plan), context_(context), machine_(machine), store_(store) {}

  // Writes all debts down as planned, then begins the hold. `false`: nothing is
  // held.
  Result<bool> BeginHold();
  // The starts of a wave are queued, and its debts owed on disk, with the runs that are stopped.
  Result<void> Owe(const StopWave& wave);
  // After the stop: who has started anew before it was told to leave was stopped in another run.
  void NoteRunsAgain(const StopWave& wave);
  // Nobody of the last wave was told to leave: nothing is owed for it, but for those who left.
  void TakeBack(const std::set<size_t>& left);
  // It ended by itself, or somebody stopped it: then it is not for us to start it.
  void OweNothing(const App& app);
  void OweNothing(const UnitRef& unit);
  // It was asked to leave before this wave, by an earlier try: that it has gone is our doing.
  bool OwedBefore(const App& app) const;
  // Its start is queued behind the hold.
  bool WaitsForTheHold(const App& app) const;

 private:
  struct Owed {
    size_t app;
    Debt* debt;
  };

  Result<void> WriteDown();
  Result<void> Queue(const StopWave& wave);
  void NotOwed();
  std::vector<Debt> OwedNow() const;
  std::vector<Debt> NoteRuns(const StopWave& wave, bool only_known);
  template <class Meant>
  void CancelAll(Meant meant);

  StopPlan& plan_;
  const StopContext& context_;
  Machine& machine_;
  SessionStore& store_;
  HoldRequest request_;
  std::vector<Owed> owed_;  // since the last Owe
};

}  // namespace rm
