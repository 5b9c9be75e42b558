// Which little world do the tests look at? Programs and services that hold the registered file 0.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "model/app.h"
#include "model/fact.h"
#include "model/filter.h"

namespace rm::test {

inline ProcessId Id(pid_t pid) { return {pid, static_cast<uint64_t>(pid) * 10}; }

inline UnitRef Unit(const std::string& name) { return ParseUnitRef(name).value(); }

// A process that nobody has as a holder yet.
inline ProcessFacts& AddProcess(Observation& seen, const std::string& name, pid_t pid) {
  ProcessFacts& process = seen.processes[Id(pid)];
  process.id = Id(pid);
  process.name = name;
  process.executable = "/usr/bin/" + name;
  return process;
}

inline void Holds(Observation& seen, pid_t pid, HoldKind kind = HoldKind::kDescriptor) {
  seen.holdings.push_back(Holding{Id(pid), kind, 0, kind == HoldKind::kDescriptor ? 3 : -1, false});
}

inline ProcessFacts& AddProgram(Observation& seen, const std::string& name, pid_t pid) {
  Holds(seen, pid);
  return AddProcess(seen, name, pid);
}

inline void Belongs(Observation& seen, pid_t pid, const std::string& unit, OwnerKind kind) {
  seen.owners[Id(pid)] = Owner{Unit(unit), kind};
}

// An active service whose main process holds the file.
inline UnitFacts& AddService(Observation& seen, const std::string& name, pid_t pid) {
  AddProgram(seen, "program-of-" + Unit(name).name, pid);
  Belongs(seen, pid, name, OwnerKind::kService);
  UnitFacts facts;
  facts.ref = Unit(name);
  facts.names = {facts.ref.name};
  facts.load_state = "loaded";
  facts.active_state = "active";
  facts.main_pid = pid;
  return seen.units.emplace_back(std::move(facts));
}

// A unit that is down.
inline UnitFacts& AddInactive(Observation& seen, const std::string& name) {
  UnitFacts facts;
  facts.ref = Unit(name);
  facts.names = {facts.ref.name};
  facts.load_state = "loaded";
  facts.active_state = "inactive";
  return seen.units.emplace_back(std::move(facts));
}

inline void Capture(Observation& seen, pid_t pid, std::vector<std::string> cannot_restore = {}) {
  RelaunchSpec spec;
  spec.was = Id(pid);
  spec.executable = seen.processes.at(Id(pid)).executable;
  spec.arguments = {spec.executable, "--as-it-was"};
  spec.cannot_restore = std::move(cannot_restore);
  seen.captured[Id(pid)] = std::move(spec);
}

// It called RegisterApplicationRestart.
inline void RegisterForRestart(Observation& seen, pid_t pid, uint32_t flags = 0) {
  seen.registered_for_restart[Id(pid)] = RestartRegistration{{"--restored"}, flags};
  Capture(seen, pid);
}

inline Filter NoShutdown(decltype(Filter::target) target) {
  return Filter{std::move(target), FilterAction::kNoShutdown};
}

inline Filter NoRestart(decltype(Filter::target) target) {
  return Filter{std::move(target), FilterAction::kNoRestart};
}

// --- the same as inspect/ would see it
// -------------------------------------------------------------

inline App Program(const std::string& name, pid_t pid, AppType type = AppType::kConsole) {
  App app;
  app.main = Id(pid);
  app.processes = {app.main};
  app.name = name;
  app.type = type;
  app.why_not_back = "it did not register for restart";
  return app;
}

// It is asked first whether it would leave.
inline App Answering(App app) {
  app.answers = true;
  return app;
}

inline App Service(const std::string& name, pid_t pid) {
  App app = Program(name, pid, AppType::kService);
  app.unit = Unit(name);
  app.come_back = ComeBack::kService;
  app.why_not_back = "";
  return app;
}

inline App Critical(const std::string& name, pid_t pid, uint32_t reason) {
  App app = Program(name, pid, AppType::kCritical);
  app.reasons = reason;
  app.why_not_stoppable = "the machine needs it";
  return app;
}

inline App Masked(App app, uint32_t masks) {
  app.status |= masks;
  return app;
}

}  // namespace rm::test
