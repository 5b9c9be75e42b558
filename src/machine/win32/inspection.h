// What is in the memory of a process: its modules, and how it was started?
//
// A program of 32 bits cannot read that of one of 64: then rm-envoy.exe, which lies beside the DLL
// and has 64, looks for it.
#pragma once

#include <windows.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/process.h"

namespace rm {

struct Inspection {
  std::vector<std::string> modules;  // full paths, the image included
  std::string command_line;          // as it was started with
  std::string directory;             // working directory
  bool has_console = false;
};

// Those that have ended, or may not be looked at, are not in it.
std::map<ProcessId, Inspection> InspectAll(const std::vector<ProcessId>& processes);
// Without asking anybody: what rm-envoy.exe does.
std::optional<Inspection> InspectHere(const ProcessId& process);

// Sends CTRL_C to the console of this process. "" or why it could not be done.
std::string Interrupt(DWORD pid);
// From a process without a console, which this becomes.
std::string InterruptHere(DWORD pid);

struct Inspections {
  std::vector<ProcessId> processes;
  std::vector<Inspection> seen;  // one for each
};

// For a pipe.
std::string ToText(const Inspections& inspections);
std::optional<Inspections> ToInspections(const std::string& text);

}  // namespace rm
