// What is a unit, and who goes down with it?
#include <fmt/format.h>

#include <array>
#include <deque>
#include <set>

#include "base/win32_codes.h"
#include "systemd/connection.h"
#include "systemd/manager.h"
#include "systemd/properties.h"

namespace rm {
namespace {

// More is no service's dependents but a manager that makes them up.
constexpr size_t kMostDependents = 10'000;

// systemd.resource-control(5). Weights only share out what all want.
constexpr std::array kMost = {"MemoryMax", "MemoryHigh", "MemorySwapMax", "CPUQuotaPerSecUSec"};
constexpr std::array kSets = {"AllowedCPUs", "AllowedMemoryNodes"};
constexpr std::array kRules = {"IPAddressAllow",      "IPAddressDeny",       "DeviceAllow",
                               "IOReadBandwidthMax",  "IOWriteBandwidthMax", "IOReadIOPSMax",
                               "IOWriteIOPSMax",      "SocketBindAllow",     "SocketBindDeny",
                               "IPIngressFilterPath", "IPEgressFilterPath",  "BPFProgram"};

bool GoesDown(const std::string& active_state) {
  return active_state == "active" || active_state == "activating" || active_state == "reloading";
}

// Fills what a stop of the unit takes down, be it the machine.
Result<void> FollowStop(BusConnection& connection, Properties first, UnitFacts& facts) {
  std::set<std::string> seen{facts.ref.name};
  std::deque<Properties> open{std::move(first)};
  for (; !open.empty(); open.pop_front()) {
    const std::string& action = open.front().texts["SuccessAction"];
    if (!action.empty() && action != "none" && GoesDown(open.front().texts["ActiveState"]))
      facts.ends_machine = fmt::format("SuccessAction={} of {}", action, open.front().texts["Id"]);
    for (const char* relation :
         {"RequiredBy", "RequisiteOf", "BoundBy", "ConsistsOf", "PropagatesStopTo"}) {
      for (const std::string& name : open.front().lists[relation]) {
        if (!seen.insert(name).second) continue;
        if (seen.size() > kMostDependents) {
          return Fail(kWriteFault, "More than {} units depend on {}.", kMostDependents,
                      facts.ref.name);
        }
        Result<Properties> properties = UnitProperties(connection, name);
        if (!properties) return Pass(std::move(properties));
        // The stop passes through one that is down: its own dependents are asked to stop too.
        if (GoesDown(properties->texts["ActiveState"]))
          facts.goes_along.push_back({facts.ref.user, name});
        open.push_back(std::move(*properties));
      }
    }
  }
  return {};
}

}  // namespace

Result<std::string> Manager::Invocation(const std::string& unit) {
  Result<Properties> properties = UnitProperties(*connection_, unit);
  if (!properties) return Pass(std::move(properties));
  return properties->texts["InvocationID"];
}

Result<LastRun> Manager::Last(const std::string& unit) {
  Result<UnitState> state = Query(unit);
  if (!state) return Pass(std::move(state));
  Result<Properties> properties = UnitProperties(*connection_, unit);
  if (!properties) return Pass(std::move(properties));
  const auto at = [&](const char* name) {
    return std::chrono::microseconds(properties->times[name]);
  };
  LastRun last;
  last.state = std::move(*state);
  last.began = at("InactiveExitTimestampMonotonic");
  last.became_active = at("ActiveEnterTimestampMonotonic");
  last.left_active = at("ActiveExitTimestampMonotonic");
  if (!unit.ends_with(".service")) return last;
  const std::string path = UnitPath(unit);
  Result<std::string> type = connection_->GetString(path, kServiceInterface, "Type");
  if (!type) return Pass(std::move(type));
  last.type = std::move(*type);
  Result<uint64_t> ended =
      connection_->GetTime(path, kServiceInterface, "ExecMainExitTimestampMonotonic");
  if (!ended) return Pass(std::move(ended));
  last.main_ended = std::chrono::microseconds(*ended);
  return last;
}

Result<std::string> Manager::RestartPolicy(const std::string& unit) {
  return connection_->GetString(UnitPath(unit), kServiceInterface, "Restart");
}

Result<std::vector<std::string>> Manager::Names(const std::string& unit) {
  Result<Properties> properties = UnitProperties(*connection_, unit);
  if (!properties) return Pass(std::move(properties));
  return properties->lists["Names"];
}

Result<std::optional<UnmetAtStart>> Manager::Unmet(const std::string& unit) {
  Result<Properties> properties = UnitProperties(*connection_, unit);
  if (!properties) return Pass(std::move(properties));
  UnmetAtStart unmet;
  const std::vector<std::string>& conditions = properties->lists["Conditions"];
  const std::vector<std::string>& assertions = properties->lists["Asserts"];
  if (properties->numbers["ConditionResult"] == 0 && !conditions.empty()) {
    unmet.what = fmt::format("{}", fmt::join(conditions, " "));
  } else if (properties->numbers["AssertResult"] == 0 && !assertions.empty()) {
    unmet.assertion = true;
    unmet.what = fmt::format("{}", fmt::join(assertions, " "));
  } else {
    if (!unit.ends_with(".service")) return std::optional<UnmetAtStart>();
    Result<std::string> result =
        connection_->GetString(UnitPath(unit), kServiceInterface, "Result");
    if (!result) return Pass(std::move(result));
    if (*result != "exec-condition") return std::optional<UnmetAtStart>();
    unmet.what = "ExecCondition=";
  }
  return std::optional<UnmetAtStart>(std::move(unmet));
}

Result<std::vector<std::string>> Manager::LimitsOf(const std::string& scope) {
  Result<Properties> properties = PropertiesOf(*connection_, scope, kScopeInterface);
  if (!properties) return Pass(std::move(properties));
  Result<uint64_t> tasks = connection_->GetTime(kManagerPath, kManagerInterface, "DefaultTasksMax");
  if (!tasks) return Pass(std::move(tasks));
  std::vector<std::string> limits;
  const auto note = [&](const char* name, bool limited) {
    if (limited) limits.push_back(name);
  };
  for (const char* name : kMost) {
    const auto most = properties->times.find(name);
    note(name, most != properties->times.end() && most->second != UINT64_MAX);
  }
  const auto most_tasks = properties->times.find("TasksMax");
  note("TasksMax", most_tasks != properties->times.end() && most_tasks->second < *tasks);
  const std::string& devices = properties->texts["DevicePolicy"];
  note("DevicePolicy", !devices.empty() && devices != "auto");
  for (const char* name : kSets) note(name, !properties->texts[name].empty());
  for (const char* name : kRules) note(name, properties->numbers[name] != 0);
  return limits;
}

Result<UnitFacts> Manager::Describe(const std::string& unit) {
  Result<Properties> properties = UnitProperties(*connection_, unit);
  if (!properties) return Pass(std::move(properties));
  UnitFacts facts;
  facts.ref = {user_, properties->texts["Id"]};
  facts.names = properties->lists["Names"];
  facts.description = properties->texts["Description"];
  facts.load_state = properties->texts["LoadState"];
  facts.active_state = properties->texts["ActiveState"];
  facts.sub_state = properties->texts["SubState"];
  facts.was_started = !properties->texts["InvocationID"].empty();
  facts.can_stop = properties->numbers["CanStop"] != 0;
  facts.can_start = properties->numbers["CanStart"] != 0;
  // One whose file was taken away, or that was masked, runs on.
  if (facts.load_state != "loaded" && !GoesDown(facts.active_state)) return facts;

  const std::string path = UnitPath(facts.ref.name);
  const bool service = facts.ref.name.ends_with(".service");
  if (service) {
    Result<std::string> type = connection_->GetString(path, kServiceInterface, "Type");
    if (!type) return Pass(std::move(type));
    facts.type = *type;
    Result<uint32_t> main_pid = connection_->GetNumber(path, kServiceInterface, "MainPID");
    if (!main_pid) return Pass(std::move(main_pid));
    facts.main_pid = static_cast<pid_t>(*main_pid);
    Result<std::string> kill_mode = connection_->GetString(path, kServiceInterface, "KillMode");
    if (!kill_mode) return Pass(std::move(kill_mode));
    facts.kill_mode = *kill_mode;
  }
  if (service || facts.ref.name.ends_with(".scope")) {
    const char* interface = service ? kServiceInterface : kScopeInterface;
    Result<std::string> result = connection_->GetString(path, interface, "Result");
    if (!result) return Pass(std::move(result));
    facts.result = *result;
    Result<std::string> cgroup = connection_->GetString(path, interface, "ControlGroup");
    if (!cgroup) return Pass(std::move(cgroup));
    facts.control_group = *cgroup;
  }
  Result<void> followed = FollowStop(*connection_, std::move(*properties), facts);
  if (!followed) return Pass(std::move(followed));
  return facts;
}

}  // namespace rm
