// The hold: what keeps units from starting until the update is done (docs/hold.md).
//
// A start job waits for the pending job of every unit that it is ordered after. The hold is a
// transient oneshot service whose process is the guard; between it and each held unit stands a
// gate, a transient oneshot service that is ordered after the hold and before the unit. While the
// guard runs the hold's start job is pending, so the gates wait, so the units wait.
#include <poll.h>
#include <signal.h>
#include <stdint.h>

#include <algorithm>
#include <map>

#include "base/text.h"
#include "base/win32_codes.h"
#include "systemd/connection.h"
#include "systemd/manager.h"
#include "systemd/properties.h"
#include "systemd/tracker.h"

namespace rm {
namespace {

// Of a transient unit: what differs between hold, gate and relaunch. All are collected as soon as
// they are done, failed or not.
struct Transient {
  std::string name;
  std::string description;
  std::string type;
  std::vector<std::string> argv;
  std::vector<std::string> after;
  std::vector<std::string> before;
  std::string slice;
  bool is_guard = false;
  bool is_relaunch = false;
};

int AppendList(sd_bus_message* call, const char* name, const std::vector<std::string>& list) {
  std::vector<char*> words;
  for (const std::string& word : list) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  int error = sd_bus_message_open_container(call, 'r', "sv");
  if (error >= 0) error = sd_bus_message_append(call, "s", name);
  if (error >= 0) error = sd_bus_message_open_container(call, 'v', "as");
  if (error >= 0) error = sd_bus_message_append_strv(call, words.data());
  if (error >= 0) error = sd_bus_message_close_container(call);
  if (error >= 0) error = sd_bus_message_close_container(call);
  return error;
}

int AppendCommand(sd_bus_message* call, const std::vector<std::string>& argv) {
  std::vector<char*> words;
  for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  int error = sd_bus_message_open_container(call, 'r', "sv");
  if (error >= 0) error = sd_bus_message_append(call, "s", "ExecStart");
  if (error >= 0) error = sd_bus_message_open_container(call, 'v', "a(sasb)");
  if (error >= 0) error = sd_bus_message_open_container(call, 'a', "(sasb)");
  if (error >= 0) error = sd_bus_message_open_container(call, 'r', "sasb");
  if (error >= 0) error = sd_bus_message_append(call, "s", argv.front().c_str());
  if (error >= 0) error = sd_bus_message_append_strv(call, words.data());
  if (error >= 0) error = sd_bus_message_append(call, "b", 0);
  for (int open = 0; error >= 0 && open < 4; ++open) error = sd_bus_message_close_container(call);
  return error;
}

int AppendProperties(sd_bus_message* call, const Transient& unit) {
  // A program outside of services outlives `systemctl isolate`: so does its return.
  int error = sd_bus_message_append(
      call, "(sv)(sv)(sv)(sv)", "Description", "s", unit.description.c_str(), "Type", "s",
      unit.type.c_str(), "CollectMode", "s", "inactive-or-failed", "IgnoreOnIsolate", "b", 1);
  if (error >= 0 && unit.is_guard) {
    // Whoever kills the guard ends the hold; that is no failure that has to be looked into.
    error = sd_bus_message_append(call, "(sv)(sv)(sv)", "TimeoutStartUSec", "t", UINT64_MAX,
                                  "NotifyAccess", "s", "main", "SuccessExitStatus", "(aiai)", 0, 1,
                                  SIGKILL);
  }
  if (error >= 0 && unit.is_relaunch) {
    // Whoever kills rm-relaunch before it has become the program does not end the matter. Once it
    // has, its file says so, and another one goes away at once; but a while later, so that whoever
    // waits for the program sees that it has crashed.
    constexpr uint64_t kASecond = 1'000'000;
    error =
        sd_bus_message_append(call, "(sv)(sv)(sv)(sv)", "KillMode", "s", "process", "SendSIGKILL",
                              "b", 0, "Restart", "s", "on-abnormal", "RestartUSec", "t", kASecond);
  }
  if (error >= 0 && !unit.slice.empty())
    error = sd_bus_message_append(call, "(sv)", "Slice", "s", unit.slice.c_str());
  if (error >= 0 && !unit.after.empty()) error = AppendList(call, "After", unit.after);
  if (error >= 0 && !unit.before.empty()) error = AppendList(call, "Before", unit.before);
  if (error >= 0) error = AppendCommand(call, unit.argv);
  return error;
}

Result<void> Start(BusConnection& connection, const Transient& unit) {
  Result<Message> reply =
      connection.Call({kManagerPath, kManagerInterface, "StartTransientUnit"},
                      fmt::format("make {}", unit.name), [&](sd_bus_message* call) {
                        int error = sd_bus_message_append(call, "ss", unit.name.c_str(), "replace");
                        if (error >= 0) error = sd_bus_message_open_container(call, 'a', "(sv)");
                        if (error >= 0) error = AppendProperties(call, unit);
                        if (error >= 0) error = sd_bus_message_close_container(call);
                        if (error >= 0) error = sd_bus_message_append(call, "a(sa(sv))", 0);
                        return error;
                      });
  if (reply) return {};
  if (reply.error().code != kAlreadyExists) return Pass(std::move(reply));
  // It is there: made by an earlier call, or by this one before PID 1 executed itself anew. Or it
  // is done, and kept in memory by who runs and is ordered after it; or its job was cancelled.
  Result<UnitState> state = QueryState(connection, unit.name);
  if (!state) return Pass(std::move(state));
  if (state->job != 0) return {};
  reply = connection.Call({kManagerPath, kManagerInterface, "StartUnit"},
                          fmt::format("start {}", unit.name), [&](sd_bus_message* call) {
                            return sd_bus_message_append(call, "ss", unit.name.c_str(), "replace");
                          });
  if (!reply) return Pass(std::move(reply));
  return {};
}

bool IsSessionName(const std::string& session) {
  return !session.empty() && session.size() <= 64 &&
         std::all_of(session.begin(), session.end(),
                     [](unsigned char c) { return isalnum(c) || c == '_'; });
}

Result<void> CheckSession(const std::string& session) {
  if (IsSessionName(session)) return {};
  return Fail(kBadArguments, "\"{}\" is no name of a session: letters and digits only.", session);
}

// D-Bus knows but UTF-8. And systemd 252 writes a $ and a semicolon into the unit's file so that
// they are read back with a backslash; what ExecStartEx has for the $, it does not read back at
// all.
bool IsKept(const std::string& word) {
  return word.find_first_of("$;") == word.npos && ReplaceInvalidUtf8(word) == word;
}

std::string GatePattern(const std::string& session) {
  return fmt::format("rm-gate-{}-*.service", session);
}

// Gates of a session that still stand: gate -> held unit.
Result<std::map<std::string, std::string>> StandingGates(BusConnection& connection,
                                                         const std::string& session) {
  Result<Message> reply = connection.Call({kManagerPath, kManagerInterface, "ListUnitsByPatterns"},
                                          "list the gates", [&](sd_bus_message* call) {
                                            return sd_bus_message_append(
                                                call, "asas", 0, 1, GatePattern(session).c_str());
                                          });
  if (!reply) return Pass(std::move(reply));
  std::vector<std::string> names;
  int more = sd_bus_message_enter_container(reply->get(), 'a', "(ssssssouso)");
  const char *name, *text, *path;
  uint32_t job = 0;
  while (more >= 0 &&
         (more = sd_bus_message_read(reply->get(), "(ssssssouso)", &name, &text, &text, &text,
                                     &text, &text, &path, &job, &text, &path)) > 0) {
    if (job != 0) names.emplace_back(name);
  }
  std::map<std::string, std::string> gates;
  for (const std::string& gate : names) {
    Result<Properties> properties = UnitProperties(connection, gate);
    if (!properties) return Pass(std::move(properties));
    for (const std::string& unit : properties->lists["Before"]) {
      if (unit != "shutdown.target") gates[gate] = unit;
    }
  }
  return gates;
}

}  // namespace

std::string HoldUnitName(const std::string& session) {
  return fmt::format("rm-hold-{}.service", session);
}

std::string GateUnitName(const std::string& session, uint32_t number) {
  return fmt::format("rm-gate-{}-{}.service", session, number);
}

std::string RelaunchUnitName(const std::string& session, uint32_t number) {
  return fmt::format("{}{}-{}.service", kRelaunchUnitPrefix, session, number);
}

std::string OrderUnitName(const std::string& session, uint32_t number) {
  return fmt::format("rm-order-{}-{}.service", session, number);
}

Result<void> Manager::AwaitGuard(const std::string& hold) {
  const TimePoint end = Clock::now() + kGuardLimit;
  while (true) {
    const UnitState state = State(hold);
    if (state.active_state == "activating" && state.status_text == kGuardWatches) return {};
    if (state.job == 0 && state.active_state != "activating") {
      return Fail(kFailShutdown, "Nothing is held: the guard {} ended at once ({}).", hold,
                  state.result);
    }
    const auto left =
        std::chrono::ceil<Milliseconds>(std::min(end, deadline().value_or(end)) - Clock::now());
    if (Clock::now() >= end) {
      return Fail(kSemTimeout, "Nothing is held: the guard {} did not begin to watch within {} s.",
                  hold, kGuardLimit.count() / 1000);
    }
    struct pollfd wait = {fd(), events(), 0};
    poll(&wait, 1, static_cast<int>(std::max<int64_t>(left.count(), 0)));
    Result<void> dispatched = Dispatch();
    if (!dispatched) return dispatched;
  }
}

Result<void> Manager::BeginHold(const Hold& hold) {
  Result<void> checked = CheckSession(hold.session);
  if (!checked) return checked;
  if (hold.guard.empty()) return Fail(kBadArguments, "The hold has no guard.");
  orders_.clear();  // of an earlier hold
  const std::string name = HoldUnitName(hold.session);
  Result<UnitState> before = Query(name);
  if (!before) return Pass(std::move(before));
  const bool ours = before->job == 0;
  if (ours) {
    Transient unit;
    unit.name = name;
    unit.description = fmt::format("Holds units while process {} updates them", hold.owner.pid);
    unit.type = "oneshot";
    unit.argv = hold.guard;
    unit.is_guard = true;
    Result<void> started = Start(*connection_, unit);
    if (!started) return started;
  }
  const bool watched_before = tracker_->Watches(name);
  Result<void> watched = Watch(name);
  if (!watched) return watched;
  Result<void> result = AwaitGuard(name);
  std::vector<std::string> made;
  if (result) result = MakeGates(hold, made);
  if (!watched_before) Unwatch(name);
  if (!result) {
    for (const std::string& gate : made) (void)CancelQueuedStart(gate);
    if (ours) (void)QueueStop(name);
  }
  return result;
}

Result<void> Manager::MakeGates(const Hold& hold, std::vector<std::string>& made) {
  Result<std::map<std::string, std::string>> standing = StandingGates(*connection_, hold.session);
  if (!standing) return Pass(std::move(standing));
  uint32_t number = 0;
  for (const std::string& asked : hold.units) {
    Result<std::string> id = connection_->GetString(UnitPath(asked), kUnitInterface, "Id");
    if (!id) return Pass(std::move(id));
    const bool held = std::any_of(standing->begin(), standing->end(),
                                  [&](const auto& gate) { return gate.second == *id; });
    if (held) continue;
    Transient gate;
    do {
      gate.name = GateUnitName(hold.session, ++number);
    } while (standing->contains(gate.name));
    gate.description = fmt::format("Holds {} back", *id);
    gate.type = "oneshot";
    gate.argv = {"/bin/true"};
    gate.after = {HoldUnitName(hold.session)};
    gate.before = {*id};
    Result<void> started = Start(*connection_, gate);
    if (!started) return started;
    made.push_back(gate.name);
    standing->emplace(gate.name, *id);
  }
  return {};
}

Result<std::vector<std::string>> Manager::Held(const std::string& session) {
  Result<void> checked = CheckSession(session);
  if (!checked) return Pass(std::move(checked));
  Result<std::map<std::string, std::string>> gates = StandingGates(*connection_, session);
  if (!gates) return Pass(std::move(gates));
  std::vector<std::string> units;
  for (const auto& [gate, unit] : *gates) units.push_back(unit);
  return units;
}

Result<void> Manager::OpenGate(const std::string& session, const std::string& unit) {
  Result<void> checked = CheckSession(session);
  if (!checked) return checked;
  Result<std::string> id = connection_->GetString(UnitPath(unit), kUnitInterface, "Id");
  if (!id) return Pass(std::move(id));
  Result<std::map<std::string, std::string>> gates = StandingGates(*connection_, session);
  if (!gates) return Pass(std::move(gates));
  for (const auto& [gate, held] : *gates) {
    if (held != *id) continue;
    Result<void> opened = CancelQueuedStart(gate);
    if (!opened) return opened;
  }
  return {};
}

Result<void> Manager::EndHold(const std::string& session) {
  Result<void> checked = CheckSession(session);
  if (!checked) return checked;
  const std::string hold = HoldUnitName(session);
  Result<void> stopped = QueueStop(hold);
  // A guard that is told to end ends the hold as well.
  if (!stopped && stopped.error().code != kFileNotFound) return KillUnit(hold, SIGTERM);
  return {};
}

// A thousand programs after two hundred units each would keep PID 1 busy with telling of that
// alone.
Result<std::string> Manager::MakeOrder(const QueuedRelaunch& relaunch) {
  if (const auto made = orders_.find(relaunch.after); made != orders_.end()) return made->second;
  Transient order;
  order.name = OrderUnitName(relaunch.session, relaunch.number);
  order.description = "Programs start after services";
  order.type = "oneshot";
  order.argv = {"/bin/true"};
  order.after = relaunch.after;
  order.after.push_back(HoldUnitName(relaunch.session));
  Result<void> started = Start(*connection_, order);
  if (!started) return Pass(std::move(started));
  return orders_[relaunch.after] = order.name;
}

Result<std::string> Manager::QueueRelaunch(const QueuedRelaunch& relaunch) {
  Result<void> checked = CheckSession(relaunch.session);
  if (!checked) return Pass(std::move(checked));
  if (relaunch.argv.empty()) return Fail(kBadArguments, "The relaunch has no command.");
  // PID 1 writes it into the unit's file, and reads what follows a newline as settings.
  if (OneLine(relaunch.description) != relaunch.description)
    return Fail(kBadArguments, "The description of the relaunch has more than one line.");
  for (const std::string& word : relaunch.argv)
    if (!IsKept(word))
      return Fail(
          kBadArguments,
          "The service manager cannot be told to run {}: it has a $ or a semicolon in it, or "
          "is not UTF-8.",
          word);
  Transient unit;
  unit.name = RelaunchUnitName(relaunch.session, relaunch.number);
  unit.description = relaunch.description;
  unit.type = "exec";
  unit.argv = relaunch.argv;
  unit.after = {HoldUnitName(relaunch.session)};
  if (!relaunch.after.empty()) {
    Result<std::string> order = MakeOrder(relaunch);
    if (!order) return order;
    unit.after.push_back(*order);
  }
  unit.is_relaunch = true;
  unit.slice = relaunch.slice;
  Result<void> started = Start(*connection_, unit);
  if (!started) return Pass(std::move(started));
  return unit.name;
}

}  // namespace rm
