// What are the properties of a unit? The answer of GetAll as plain maps.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "systemd/connection.h"

namespace rm {

// Of other types only how many there are; what is missing reads as empty, 0 or false.
struct Properties {
  std::map<std::string, std::string> texts;               // "s"; "ay" as hex digits
  std::map<std::string, std::vector<std::string>> lists;  // "as"; of conditions those not met
  std::map<std::string, uint32_t> numbers;     // "u", "b"; number of "(uo)", size of other lists
  std::map<std::string, uint64_t> times;       // "t"
  std::map<std::string, std::string> objects;  // of "(uo)" the path
};

// Reads an a{sv}; negative errno on failure.
int ReadProperties(sd_bus_message* message, Properties& properties);

// All properties of one interface of the unit.
Result<Properties> PropertiesOf(BusConnection& connection, const std::string& unit,
                                const char* interface);

// Those of the common interface. Also loads the unit: one that does not exist has
// the LoadState "not-found".
Result<Properties> UnitProperties(BusConnection& connection, const std::string& unit);

}  // namespace rm
