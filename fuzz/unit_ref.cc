// Names of units, and of displays: they are handed to others, who take them apart again
#include "fuzz/fuzz.h"
#include "model/display.h"
#include "model/resource.h"

void rm::Fuzz(std::string_view input) {
  if (const auto unit = ParseUnitRef(std::string(input))) {
    Require(unit->name.size() <= 255 && unit->name.find('/') == std::string::npos);
    Require(ParseUnitRef(ToString(*unit)) == unit);
  }
  if (const auto display = LocalDisplay(input)) {
    Require(display->find_first_not_of("0123456789", 1) == std::string::npos);
    Require(LocalDisplay(*display) == display);
  }
}
