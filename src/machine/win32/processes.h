// Which processes are there, and what may be known about one? Start times are FILETIMEs, as
// GetProcessTimes tells them.
#pragma once

#include <windows.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/win32/handle.h"
#include "model/process.h"

namespace rm {

struct ListedProcess {
  ProcessId id;
  DWORD parent = 0;
  DWORD session = 0;
  std::string name;  // of the file
};

// Every process of the system, by pid; those too that may not be opened.
std::map<DWORD, ListedProcess> ListProcesses();

// Invalid: it has ended, or `rights` are not to be had (GetLastError).
UniqueHandle OpenSame(const ProcessId& process, DWORD rights);
std::optional<ProcessId> IdentifyByPid(DWORD pid);

// "" if it may not be known.
std::string ImagePath(const ProcessId& process);
// As two paths are compared: links followed, small letters.
std::string FoldedPath(const std::string& path);
// The file description of its version resource, else the name of the file.
std::string FriendlyName(const std::string& path);
// IMAGE_SUBSYSTEM_WINDOWS_CUI.
bool IsConsoleProgram(const std::string& path);

}  // namespace rm
