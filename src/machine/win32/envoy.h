// Who does for us what this process cannot? rm-envoy.exe, which lies beside Rstrtmgr.dll.
#pragma once

#include <optional>
#include <string>

namespace rm {

// Runs it with these arguments, without a console, and hands back what it wrote. None: it is not
// there, failed, or took longer than 10 s.
std::optional<std::string> AskEnvoy(const std::wstring& arguments);

}  // namespace rm
