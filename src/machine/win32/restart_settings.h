// With which arguments does a program want to be started again?
//
// RegisterApplicationRestart of Wine stores nothing. A program that cares notes it by itself:
//   HKCU\Software\Microsoft\RestartManager\Applications\PPPPPPPP:HHHHHHHH:LLLLLLLL
// (its pid, and its start time as in RegProcs), volatile, with the values CommandLine (REG_SZ) and
// Flags (REG_DWORD) as RegisterApplicationRestart takes them.
#pragma once

#include <optional>
#include <string>

#include "model/process.h"
#include "model/relaunch.h"

namespace rm {

struct RestartSettings {
  std::optional<RestartRegistration> registered;
  bool unknowable = false;  // the system keeps no registrations, and the program has no note
};

// What is registered is one argument: the text as it was given.
RestartSettings RestartSettingsOf(const ProcessId& process);

// What follows the program's name in a command line.
std::string ArgumentsOf(const std::string& command_line);

}  // namespace rm
