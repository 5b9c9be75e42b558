#include "model/filter.h"

#include <algorithm>

namespace rm {
namespace {

std::string Tidied(const std::string& path) {
  std::string tidied;
  for (size_t at = 0; at < path.size();) {
    const size_t slash = std::min(path.find('/', at), path.size());
    const std::string name = path.substr(at, slash - at);
    if (!name.empty() && name != ".") tidied += '/' + name;
    at = slash + 1;
  }
  return tidied;
}

}  // namespace

bool SameTarget(const Filter& a, const Filter& b) {
  if (a.target == b.target) return true;
  const auto* path = std::get_if<Filter::Executable>(&a.target);
  const auto* other_path = std::get_if<Filter::Executable>(&b.target);
  if (path && other_path)
    return path->path.starts_with('/') && other_path->path.starts_with('/') &&
           Tidied(path->path) == Tidied(other_path->path);
  const auto* service = std::get_if<Filter::Service>(&a.target);
  const auto* other_service = std::get_if<Filter::Service>(&b.target);
  if (!service || !other_service) return false;
  const auto unit = ParseUnitRef(service->name);
  return unit && unit == ParseUnitRef(other_service->name);
}

}  // namespace rm
