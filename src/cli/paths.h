// Which file does a name on the command line mean, and is it there?
#pragma once

#include <restartmanager.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace rm::cli {

// The path from the root, without "." and doubled slashes. ".." is dropped only where it leads up
// from `directory`, which is absolute and has no links: "a" of "a/.." may be one that leads
// elsewhere.
std::string AbsolutePath(std::string_view path, std::string_view directory);

// The current directory, without links. Fails when it was removed.
restartmanager::Result<std::string> CurrentDirectory();

// Whether something has each of these names; a link that leads nowhere counts. Never mounts
// anything. Does not wait for a dead file system: what does not answer within 3 s, and all behind
// it, counts as there. Those that are, or lead to, directories.
restartmanager::Result<std::vector<std::string>> CheckExist(const std::vector<std::string>& paths);

// Names separated by NUL if there is one, by line feeds otherwise; empty ones are dropped.
std::vector<std::string> SplitNames(std::string_view text);

}  // namespace rm::cli
