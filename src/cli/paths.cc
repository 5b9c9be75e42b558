#include "cli/paths.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "cli/text.h"

namespace rm::cli {
namespace {

api::Error Wrong(std::string text) { return {ERROR_BAD_ARGUMENTS, std::move(text)}; }

}  // namespace

std::string AbsolutePath(std::string_view path, std::string_view directory) {
  std::string whole = path.starts_with('/') ? "" : std::string(directory) + "/";
  whole += path;
  std::string normal;
  for (size_t at = 0; at < whole.size();) {
    const size_t end = std::min(whole.find('/', at), whole.size());
    const std::string_view part = std::string_view(whole).substr(at, end - at);
    at = end + 1;
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      normal.resize(normal.empty() ? 0 : normal.rfind('/'));
      continue;
    }
    normal += '/';
    normal += part;
  }
  return normal.empty() ? "/" : normal;
}

api::Result<std::string> CurrentDirectory() {
  std::error_code failed;
  const auto directory = std::filesystem::current_path(failed);
  if (failed) {
    return Wrong(fmt::format("the current directory cannot be named: {}; write absolute paths",
                             failed.message()));
  }
  return directory.string();
}

api::Result<void> CheckExists(const std::string& path) {
  struct statx found {};
  if (statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC,
            STATX_TYPE, &found) == 0) {
    return {};
  }
  return Wrong(fmt::format("{}: {}", Printable(path), strerror(errno)));
}

std::vector<std::string> SplitNames(std::string_view text) {
  const char separator = text.find('\0') == std::string_view::npos ? '\n' : '\0';
  std::vector<std::string> names;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find(separator, at), text.size());
    if (end > at) names.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  return names;
}

}  // namespace rm::cli
