// Which top-level windows does a process have, and how are they asked to go? contract.md 11.3.
#pragma once

#include <windows.h>

#include <map>
#include <set>
#include <vector>

#include "model/contact.h"

namespace rm {

// Of these processes, in the order of the screen; windows of input methods do not count.
std::map<DWORD, std::vector<HWND>> TopLevelsOf(const std::set<DWORD>& pids);

bool IsMainWindow(HWND window);  // shown, and nobody's
DWORD ShellProcess();            // 0: there is no shell

}  // namespace rm
