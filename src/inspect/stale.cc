#include "inspect/stale.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace rm {
namespace {

constexpr std::array<std::string_view, 8> kTemporaryFolders = {"tmp",   "temp",   "Temp",  ".tmp",
                                                               "cache", ".cache", "Cache", "shm"};

bool IsInTemporaryFolder(std::string_view path) {
  if (path.starts_with("/run/user/")) return true;
  while (!path.empty()) {
    path.remove_prefix(1);
    const size_t slash = path.find('/');
    if (slash == path.npos) return false;
    if (std::find(kTemporaryFolders.begin(), kTemporaryFolders.end(), path.substr(0, slash)) !=
        kTemporaryFolders.end()) {
      return true;
    }
    path.remove_prefix(slash);
  }
  return false;
}

// What open(2) with O_TMPFILE makes is called "#" and its inode number.
bool IsUnnamed(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  return name.size() > 1 && name[0] == '#' &&
         name.find_first_not_of("0123456789", 1) == std::string_view::npos;
}

StaleFile Says(const MappedFile& file, Freshness freshness, std::string why) {
  return {file, freshness, std::move(why)};
}

StaleFile JudgeOther(const MappedFile& file) {
  const bool moved = !file.was_deleted && file.mapped != file.path;
  const std::string what = file.is_mounted ? "it was replaced where it is mounted from"
                           : moved         ? "its name leads to another file now"
                                           : "it was replaced";
  const bool knows_ids = !file.mapped_build_id.empty() || !file.named_build_id.empty();
  if (knows_ids) {
    if (file.mapped_build_id == file.named_build_id) {
      return Says(file, Freshness::kRefreshed, what + ", by the same build");
    }
    const bool one_unknown = file.mapped_build_id.empty() || file.named_build_id.empty();
    if (!one_unknown || file.trouble.empty()) return Says(file, Freshness::kStale, what);
  } else if (file.same_bytes) {
    if (*file.same_bytes) return Says(file, Freshness::kRefreshed, what + ", by the same content");
    return Says(file, Freshness::kStale, what);
  }
  return Says(file, Freshness::kUnknown,
              fmt::format("{}, and the contents could not be compared{}{}", what,
                          file.trouble.empty() ? "" : ": ", file.trouble));
}

StaleFile JudgeNothing(const MappedFile& file) {
  const bool is_program = file.kind == MappedKind::kExecutable;
  if (!is_program && IsUnnamed(file.mapped)) {
    return Says(file, Freshness::kTransient, "a temporary file that never had a name");
  }
  if (!is_program && file.is_elf == false) {
    return Says(file, Freshness::kTransient, "it was removed, and is no program file");
  }
  if (!is_program && IsInTemporaryFolder(file.path)) {
    if (file.born_ns > file.process_started_ns) {
      return Says(file, Freshness::kTransient,
                  "a temporary file, made and removed while the process runs");
    }
    if (file.born_ns == 0) {
      return Says(file, Freshness::kUnknown,
                  "it was removed from a folder for temporary files, and nothing tells its age");
    }
  }
  return Says(file, Freshness::kStale, "it was removed, and nothing took its place");
}

// Those that a stop of the unit leaves running. systemd.kill(5).
std::string LeftRunning(const StaleApp& stale, const Observation& seen) {
  const auto unit = std::find_if(seen.units.begin(), seen.units.end(), [&](const UnitFacts& facts) {
    return facts.ref == *stale.app.unit;
  });
  if (unit == seen.units.end()) return "";
  const bool leaves_main = unit->kill_mode == "none";
  if (!leaves_main && unit->kill_mode != "process") return "";
  std::string pids;
  for (const ProcessId& process : stale.app.processes) {
    const bool is_stale =
        std::any_of(stale.files.begin(), stale.files.end(), [&](const StaleFile& file) {
          return file.file.process == process && file.freshness == Freshness::kStale;
        });
    if (is_stale && (leaves_main || process.pid != unit->main_pid)) {
      pids += fmt::format(" {}", process.pid);
    }
  }
  if (pids.empty()) return "";
  return fmt::format("; KillMode={} leaves pid{} running: end what is left by hand",
                     unit->kill_mode, pids);
}

std::string_view FileName(std::string_view path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

StaleFile Judge(const MappedFile& file) {
  if (file.never_named) {
    return Says(file, Freshness::kTransient, "memory that never was a file on a disk");
  }
  if (file.kind == MappedKind::kData) {
    return Says(file, Freshness::kTransient, "data, no code: it was replaced or removed");
  }
  switch (file.overwritten) {
    case Overwritten::kYes:
      return Says(file, Freshness::kStale, "it was written anew in place");
    case Overwritten::kPerhaps:
      return Says(file, Freshness::kUnknown,
                  "it was written to since the process started, perhaps before it was loaded");
    case Overwritten::kNo:
      break;
  }
  switch (file.at_name) {
    case AtName::kOther:
      return JudgeOther(file);
    case AtName::kNothing:
      return JudgeNothing(file);
    case AtName::kNotLooked:
      return Says(file, Freshness::kUnknown, file.trouble);
    case AtName::kSame:
      break;
  }
  return Says(file, Freshness::kUnknown, "nothing is odd about it");
}

void FindCure(StaleApp& stale, const Observation& seen) {
  const App& app = stale.app;
  const auto is = [&](Cure cure, std::string how) {
    stale.cure = cure;
    stale.how = std::move(how);
  };
  const auto main = seen.processes.find(app.main);
  const bool keeps_login = main != seen.processes.end() && main->second.name == "(sd-pam)";
  const bool is_manager = main != seen.processes.end() && !keeps_login &&
                          FileName(main->second.executable) == "systemd";
  if (is_manager && app.main.pid == 1) return is(Cure::kReexecute, "systemctl daemon-reexec");
  if (app.reasons & kReasonPermissionDenied) return is(Cure::kNotAllowed, app.why_not_stoppable);
  if (is_manager) return is(Cure::kReexecute, "systemctl --user daemon-reexec, by its user");
  if (keeps_login) return is(Cure::kLogin, "it ends with the service manager of its user");
  const bool container = app.reasons & kReasonSessionMismatch;
  if (container) return is(Cure::kContainer, app.why_not_stoppable);
  const bool in_login = app.login_session != UINT32_MAX;
  if (app.reasons & kReasonDetectedSelf) {
    return is(in_login ? Cure::kLogin : Cure::kByHand, app.why_not_stoppable);
  }
  if (app.reasons & kReasonCriticalProcess && app.main.pid != 1 && in_login) {
    return is(Cure::kLogin, app.why_not_stoppable);
  }
  if (app.type == AppType::kCritical) return is(Cure::kReboot, app.why_not_stoppable);
  if (app.is_service()) {
    const std::string command =
        app.unit->user
            ? fmt::format("systemctl --user restart {}, by uid {}", app.unit->name, *app.unit->user)
            : "systemctl restart " + app.unit->name;
    return is(Cure::kRestart, command + LeftRunning(stale, seen));
  }
  switch (app.come_back) {
    case ComeBack::kRegistered:
    case ComeBack::kRelaunched:
      return is(Cure::kRelaunch, "stop it and start it again as it was");
    case ComeBack::kWithParent:
      return is(Cure::kRelaunch, app.why_not_back);
    case ComeBack::kService:
    case ComeBack::kNot:
      break;
  }
  if (in_login) return is(Cure::kLogin, app.why_not_back);
  is(Cure::kByHand, app.why_not_back);
}

}  // namespace rm
