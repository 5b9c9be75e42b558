// Which file does a name on the command line mean, and is it there?
#pragma once

#include <restartmanager.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace rm::cli {

// The path from the root, without ".", ".." and doubled slashes; links are not followed, so "a/.."
// is dropped as it is written. `directory` is absolute.
std::string AbsolutePath(std::string_view path, std::string_view directory);

// The current directory as the shell named it. Fails when it was removed.
restartmanager::Result<std::string> CurrentDirectory();

// Whether something has this name; a link that leads nowhere counts. Never mounts anything.
restartmanager::Result<void> CheckExists(const std::string& path);

// Names separated by NUL if there is one, by line feeds otherwise; empty ones are dropped.
std::vector<std::string> SplitNames(std::string_view text);

}  // namespace rm::cli
