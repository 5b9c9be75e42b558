#include "model/resource.h"

#include "base/text.h"

namespace rm {
namespace {

constexpr std::string_view kSuffix = ".service";
constexpr size_t kServiceNameMax = 256;  // CreateService

}  // namespace

// A service's short name: anything but slashes. Inside it has the suffix that tells a service from
// other units, in addition to one that is a part of its name. Capitals count here; who compares
// asks the machine for the canonical name.
std::optional<UnitRef> ParseUnitRef(const std::string& text) {
  if (text.empty() || Utf8ToUtf16(text).size() > kServiceNameMax) return std::nullopt;
  if (text.find_first_of("/\\") != std::string::npos) return std::nullopt;
  UnitRef unit;
  unit.name = text + std::string(kSuffix);
  return unit;
}

std::string ToString(const UnitRef& unit) {
  return unit.name.substr(0, unit.name.size() - kSuffix.size());
}

}  // namespace rm
