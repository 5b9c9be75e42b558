#include "cli/stale_text.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "cli/text.h"

namespace rm::cli {
namespace {

constexpr size_t kUsuallyNamed = 5;  // unreadable processes

std::string_view NeedsText(RMX_CURE cure) {
  switch (cure) {
    case RmxCureNone:
      return "nothing to do";
    case RmxCureRestart:
      return "restart";
    case RmxCureRelaunch:
      return "stop and start again";
    case RmxCureByHand:
      return "start again by hand";
    case RmxCureReexecute:
      return "re-execute";
    case RmxCureLogin:
      return "log out and in";
    case RmxCureContainer:
      return "restart its container";
    case RmxCureReboot:
      return "reboot";
    case RmxCureNotAllowed:
      return "not yours";
  }
  return "unknown";
}

// One line for each file and each way in which it is outdated, with everyone who has it so.
std::string FilesText(const api::StaleApp& stale) {
  std::map<std::string, std::vector<std::string>> pids;
  std::vector<std::string> order;
  for (const api::StaleFile& file : stale.files) {
    std::string line = fmt::format("{} {}", MappedWord(file.kind), Printable(file.path));
    if (file.mapped != file.path) line += fmt::format(" (now {})", Printable(file.mapped));
    line += fmt::format(": {}", Printable(file.why));
    if (file.freshness != RmxStale) {
      line = fmt::format("{}, {}", FreshnessWord(file.freshness), line);
    }
    auto& of_line = pids[line];
    if (of_line.empty()) order.push_back(line);
    of_line.push_back(std::to_string(file.process.dwProcessId));
  }
  std::string text;
  for (const std::string& line : order) {
    text += fmt::format("    pid {}: {}\n", Join(pids[line], " "), line);
  }
  return text;
}

}  // namespace

std::string_view FreshnessWord(RMX_FRESHNESS freshness) {
  switch (freshness) {
    case RmxStale:
      return "stale";
    case RmxRefreshed:
      return "refreshed";
    case RmxTransient:
      return "transient";
    case RmxUnknown:
      break;
  }
  return "unknown";
}

std::string_view MappedWord(RMX_MAPPED_KIND kind) {
  switch (kind) {
    case RmxMappedExecutable:
      return "executable";
    case RmxMappedLibrary:
      return "library";
    case RmxMappedData:
      return "data";
  }
  return "unknown";
}

std::string_view CureWord(RMX_CURE cure) {
  switch (cure) {
    case RmxCureNone:
      return "none";
    case RmxCureRestart:
      return "restart";
    case RmxCureRelaunch:
      return "relaunch";
    case RmxCureByHand:
      return "by_hand";
    case RmxCureReexecute:
      return "reexecute";
    case RmxCureLogin:
      return "login";
    case RmxCureContainer:
      return "container";
    case RmxCureReboot:
      return "reboot";
    case RmxCureNotAllowed:
      return "not_allowed";
  }
  return "unknown";
}

std::string StaleText(const api::StaleApp& stale) {
  const api::App& app = stale.app;
  std::string line = NameOf(app);
  if (app.unit.ends_with(".service") && app.name != app.unit) {
    line += fmt::format(" ({})", Printable(app.name));
  } else if (!app.unit.empty() && !app.unit.ends_with(".service")) {
    line += fmt::format(" (in {})", Printable(app.unit));
  }
  line += fmt::format(": {}", NeedsText(stale.cure));
  if (!stale.how.empty()) line += fmt::format(": {}", Printable(stale.how));
  if (!app.goes_along.empty()) {
    line += "; goes along: " + Printable(Join(app.goes_along, " "));
  }
  return line + "\n" + FilesText(stale);
}

std::string StaleSumLine(const api::StaleList& list, bool all) {
  std::vector<std::string> others;
  const auto add = [&](unsigned count, std::string_view what) {
    if (count != 0) others.push_back(fmt::format("{} {}", count, what));
  };
  add(list.refreshed, "refreshed");
  add(list.transient, "transient");
  add(list.unknown, "unknown");
  if (others.empty()) return "";
  return fmt::format("besides: {} mapped file{}{}", Join(others, ", "),
                     list.refreshed + list.transient + list.unknown == 1 ? "" : "s",
                     all ? "" : "; --all lists them");
}

std::vector<std::string> StaleBlindSpots(const api::StaleList& list, bool all, bool is_root) {
  std::vector<std::string> lines, names;
  for (const api::UnreadableProcess& process : list.unreadable) {
    if (process.pid == 0) {
      lines.push_back(HiddenLine(is_root));
    } else {
      names.push_back(process.name.empty()
                          ? fmt::format("pid {}", process.pid)
                          : fmt::format("{} {}", Printable(process.name), process.pid));
    }
  }
  const size_t count = names.size();
  if (count == 0) return lines;
  if (!all && count > kUsuallyNamed) {
    names.resize(kUsuallyNamed);
    names.emplace_back("...");
  }
  lines.push_back(fmt::format(
      "unreadable: {} process{} ({}); {}", count, count == 1 ? "" : "es", Join(names, ", "),
      is_root ? "even root may not look at them here" : "run as root to see them"));
  return lines;
}

}  // namespace rm::cli
