// Who has to leave? One App per owner: a service, an application scope, or a plain process.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/fact.h"

namespace rm {

// Values of RM_APP_TYPE (contract.md 2); what each is on Linux: docs/architecture.md.
enum class AppType : uint32_t {
  kUnknown = 0,
  kMainWindow = 1,
  kOtherWindow = 2,
  kService = 3,
  kExplorer = 4,
  kConsole = 5,
  kCritical = 1000,
};

// Bits of RM_APP_STATUS.
enum Status : uint32_t {
  kStatusRunning = 0x01,
  kStatusStopped = 0x02,
  kStatusStoppedOther = 0x04,
  kStatusRestarted = 0x08,
  kStatusErrorOnStop = 0x10,
  kStatusErrorOnRestart = 0x20,
  kStatusShutdownMasked = 0x40,
  kStatusRestartMasked = 0x80,
};

// Bits of RM_REBOOT_REASON.
enum Reason : uint32_t {
  kReasonPermissionDenied = 0x01,
  kReasonSessionMismatch = 0x02,
  kReasonCriticalProcess = 0x04,
  kReasonCriticalService = 0x08,
  kReasonDetectedSelf = 0x10,
};

// By what means an app comes back after it was stopped.
enum class ComeBack : uint32_t {
  kNot = 0,
  kService = 1,     // its service manager starts it
  kRegistered = 2,  // it called RegisterApplicationRestart
  kRelaunched = 3,  // from what /proc told (only with the relaunch option)
  kWithParent = 4,  // its parent, which is restarted too, starts it
};

// What has come of it for who used the files, once RmRestart has looked again?
enum class Outcome : uint32_t {
  kNone = 0,      // not looked yet; or it came later, and uses what is there now
  kCured = 1,     // it left, and has nothing of what was there before
  kLeftOver = 2,  // it still has what was there before, or has it again
  kFailed = 3,    // it was stopped and does not run
  kRefused = 4,   // it was to leave and stayed
  kDeferred = 5,  // it was let alone, or is to stay down: a filter says so
};

struct App {
  std::optional<UnitRef> unit;       // the service or scope; none: a plain process
  ProcessId main;                    // main process of a service, else the process; {0, 0}: the
                                     // kernel itself, for what `name` says
  std::vector<ProcessId> processes;  // everyone who has to be gone, main included if it is a holder
  std::string name;                  // for people
  std::string executable;            // of main
  AppType type = AppType::kUnknown;
  uint32_t status = kStatusRunning;
  uint32_t login_session = UINT32_MAX;  // the logind session's number, none: -1
  uint32_t reasons = 0;                 // why it needs a reboot
  ComeBack come_back = ComeBack::kNot;
  Outcome outcome = Outcome::kNone;
  bool answers = false;           // can be asked first whether it would leave, and may refuse
  bool asked_for = false;         // a registered process or service
  bool stays = false;             // is let alone: nothing would bring it back as it was
  bool only_directories = false;  // holds only as working or root directory: Windows would
                                  // not list it
  std::string why_type;           // for people
  std::string why_not_stoppable;  // "" if it can be stopped
  std::string why_not_back;       // "" if it comes back
  std::vector<std::string> cannot_restore;  // what a new process in its place would lack
  std::vector<UnitRef> goes_along;          // units that are stopped and started with it
  std::vector<Holding> holdings;

  bool is_service() const { return unit && unit->name.ends_with(".service"); }
};

// Same owner: the same unit, or without a unit the same process or use by the kernel.
bool SameOwner(const App& a, const App& b);

}  // namespace rm
