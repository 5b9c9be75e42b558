#include "procfs/follow_links.h"

#include <algorithm>
#include <cerrno>

namespace rm {
namespace {

constexpr int kMostLinks = 40;  // MAXSYMLINKS, path_resolution(7)

}  // namespace

int FollowLinks(const std::string& path, const ReadLink& read, std::string& end) {
  std::string todo = path, target;
  int followed = 0;
  end.clear();
  while (!todo.empty()) {
    const size_t slash = std::min(todo.find('/'), todo.size());
    const std::string name = todo.substr(0, slash);
    todo.erase(0, slash + 1);
    if (name.empty() || name == ".") continue;
    if (name == "..") {
      end.resize(end.empty() ? 0 : end.rfind('/'));
      continue;
    }
    const std::string here = end + '/' + name;
    const int error = read(here, target);
    if (error == EINVAL) {
      end = here;
      continue;
    }
    if (error) return error;
    if (++followed > kMostLinks) return ELOOP;
    if (target.starts_with('/')) end.clear();
    todo = target + '/' + todo;
  }
  if (end.empty() || path.ends_with('/')) end += '/';
  return 0;
}

}  // namespace rm
