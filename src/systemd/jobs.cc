// Starts, stops and restarts: each returns as soon as PID 1 has queued the job.
#include <deque>
#include <set>

#include "base/win32_codes.h"
#include "systemd/connection.h"
#include "systemd/manager.h"

namespace rm {
namespace {

// Reads an a(u s s s o o ...) of jobs.
std::vector<Job> ReadJobs(sd_bus_message* message) {
  std::vector<Job> jobs;
  uint32_t number = 0;
  const char *unit, *type, *state, *job_path, *unit_path;
  int more = sd_bus_message_enter_container(message, 'a', "(usssoo)");
  while (more >= 0 && (more = sd_bus_message_read(message, "(usssoo)", &number, &unit, &type,
                                                  &state, &job_path, &unit_path)) > 0) {
    jobs.push_back({number, unit, type, state});
  }
  return jobs;
}

}  // namespace

Result<void> Manager::QueueJob(const char* method, const std::string& unit) {
  Result<Message> reply =
      connection_->Call({kManagerPath, kManagerInterface, method},
                        fmt::format("{} {}", method, unit), [&](sd_bus_message* call) {
                          return sd_bus_message_append(call, "ss", unit.c_str(), "replace");
                        });
  if (!reply) return Pass(std::move(reply));
  return {};
}

Result<void> Manager::QueueRestart(const std::string& unit) {
  return QueueJob("RestartUnit", unit);
}

Result<void> Manager::QueueStop(const std::string& unit) { return QueueJob("StopUnit", unit); }

Result<void> Manager::StartUnit(const std::string& unit) { return QueueJob("StartUnit", unit); }

Result<void> Manager::CancelQueuedStart(const std::string& unit) {
  Result<UnitState> state = Query(unit);
  if (!state) return Pass(std::move(state));
  if (state->job_type != "start" && state->job_type != "restart") return {};
  Result<Message> reply = connection_->Call(
      {kManagerPath, kManagerInterface, "CancelJob"}, fmt::format("cancel the start of {}", unit),
      [&](sd_bus_message* call) { return sd_bus_message_append(call, "u", state->job); });
  if (!reply && reply.error().code != kFileNotFound) return Pass(std::move(reply));
  return {};
}

Result<void> Manager::KillUnit(const std::string& unit, int signal) {
  Result<Message> reply =
      connection_->Call({kManagerPath, kManagerInterface, "KillUnit"},
                        fmt::format("signal {}", unit), [&](sd_bus_message* call) {
                          return sd_bus_message_append(call, "ssi", unit.c_str(), "all", signal);
                        });
  if (!reply && reply.error().code != kFileNotFound) return Pass(std::move(reply));
  return {};
}

Result<void> Manager::ResetFailed(const std::string& unit) {
  Result<Message> reply = connection_->Call(
      {kManagerPath, kManagerInterface, "ResetFailedUnit"},
      fmt::format("forget the failure of {}", unit),
      [&](sd_bus_message* call) { return sd_bus_message_append(call, "s", unit.c_str()); });
  if (!reply && reply.error().code != kFileNotFound) return Pass(std::move(reply));
  return {};
}

Result<std::vector<Job>> Manager::Jobs() {
  Result<Message> reply =
      connection_->Call({kManagerPath, kManagerInterface, "ListJobs"}, "list its jobs");
  if (!reply) return Pass(std::move(reply));
  return ReadJobs(reply->get());
}

Result<std::vector<std::string>> Manager::WaitsFor(const std::string& unit) {
  Result<UnitState> state = Query(unit);
  if (!state) return Pass(std::move(state));
  std::vector<std::string> units;
  if (state->job == 0) return units;
  std::set<uint32_t> seen{state->job};
  std::deque<uint32_t> open{state->job};
  for (; !open.empty(); open.pop_front()) {
    // GetBefore: the jobs that have to finish before this one (systemd: job_get_before).
    Result<Message> reply = connection_->Call(
        {fmt::format("/org/freedesktop/systemd1/job/{}", open.front()), kJobInterface, "GetBefore"},
        fmt::format("tell what {} waits for", unit));
    if (!reply && reply.error().code == kFileNotFound) continue;  // done meanwhile
    if (!reply) return Pass(std::move(reply));
    for (const Job& job : ReadJobs(reply->get())) {
      if (!seen.insert(job.number).second) continue;
      units.push_back(job.unit);
      open.push_back(job.number);
    }
  }
  return units;
}

}  // namespace rm
