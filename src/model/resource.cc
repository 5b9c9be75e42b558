#include "model/resource.h"

#include <algorithm>
#include <charconv>

namespace rm {
namespace {

// systemd.unit(5), "valid characters", plus the instance and template marks.
bool IsUnitChar(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ':' ||
         c == '-' || c == '_' || c == '.' || c == '\\' || c == '@';
}

constexpr size_t kUnitNameMax = 255;

}  // namespace

bool IsUnitName(const std::string& name) {
  return !name.empty() && name.size() <= kUnitNameMax && name.front() != '.' &&
         name.front() != '@' && std::all_of(name.begin(), name.end(), IsUnitChar);
}

std::optional<UnitRef> ParseUnitRef(const std::string& text) {
  UnitRef unit;
  std::string name = text;
  if (text.rfind("user:", 0) == 0) {
    const size_t slash = text.find('/');
    if (slash == std::string::npos) return std::nullopt;
    uid_t uid = 0;
    const char* first = text.data() + 5;
    const char* last = text.data() + slash;
    if (auto [end, failed] = std::from_chars(first, last, uid);
        failed != std::errc{} || end != last)
      return std::nullopt;
    unit.user = uid;
    name = text.substr(slash + 1);
  }
  const size_t dot = name.rfind('.');
  const std::string suffix = dot == std::string::npos ? "" : name.substr(dot);
  if (suffix != ".service" && suffix != ".scope") name += ".service";
  // A template ("getty@.service") is what units are made of, and none itself.
  const bool is_template = name.find('@') != name.npos && name.find('@') + 1 == name.rfind('.');
  if (!IsUnitName(name) || is_template) return std::nullopt;
  unit.name = name;
  return unit;
}

std::string ToString(const UnitRef& unit) {
  return unit.user ? "user:" + std::to_string(*unit.user) + "/" + unit.name : unit.name;
}

}  // namespace rm
