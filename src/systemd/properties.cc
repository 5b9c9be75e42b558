#include "systemd/properties.h"

#include <string.h>

#include "base/win32_codes.h"

namespace rm {
namespace {

int ReadHex(sd_bus_message* message, std::string& text) {
  const void* bytes = nullptr;
  size_t size = 0;
  const int error = sd_bus_message_read_array(message, 'y', &bytes, &size);
  for (size_t i = 0; error >= 0 && i < size; ++i) {
    text += fmt::format("{:02x}", static_cast<const unsigned char*>(bytes)[i]);
  }
  return error;
}

int ReadList(sd_bus_message* message, std::vector<std::string>& list) {
  int error = sd_bus_message_enter_container(message, 'a', "s");
  const char* text = nullptr;
  while (error >= 0 && (error = sd_bus_message_read(message, "s", &text)) > 0) {
    list.emplace_back(text);
  }
  return error < 0 ? error : sd_bus_message_exit_container(message);
}

// Those that were not met when the unit was to be started last, as its file has them.
int ReadUnmet(sd_bus_message* message, std::vector<std::string>& unmet) {
  int more = sd_bus_message_enter_container(message, 'a', "(sbbsi)");
  const char *what = nullptr, *operand = nullptr;
  int or_else = 0, negated = 0, met = 0;
  while (more >= 0 && (more = sd_bus_message_read(message, "(sbbsi)", &what, &or_else, &negated,
                                                  &operand, &met)) > 0) {
    if (met < 0)
      unmet.push_back(
          fmt::format("{}={}{}{}", what, or_else ? "|" : "", negated ? "!" : "", operand));
  }
  return more < 0 ? more : sd_bus_message_exit_container(message);
}

int CountElements(sd_bus_message* message, const char* kind, uint32_t& count) {
  int error = sd_bus_message_enter_container(message, 'v', kind);
  if (error >= 0) error = sd_bus_message_enter_container(message, 'a', kind + 1);
  int end = 0;
  while (error >= 0 && (end = sd_bus_message_at_end(message, false)) == 0) {
    error = sd_bus_message_skip(message, kind + 1);
    ++count;
  }
  if (end < 0) return end;
  for (int open = 0; error >= 0 && open < 2; ++open) error = sd_bus_message_exit_container(message);
  return error;
}

int ReadValue(sd_bus_message* message, const std::string& name, Properties& properties) {
  const char* type = nullptr;
  int error = sd_bus_message_peek_type(message, nullptr, &type);
  if (error < 0) return error;
  const std::string_view kind(type);
  const char* text = nullptr;
  uint32_t number = 0;
  uint64_t time = 0;
  int flag = 0;
  if (kind == "s") {
    error = sd_bus_message_read(message, "v", "s", &text);
    if (error >= 0) properties.texts[name] = text;
  } else if (kind == "u") {
    error = sd_bus_message_read(message, "v", "u", &number);
    properties.numbers[name] = number;
  } else if (kind == "t") {
    error = sd_bus_message_read(message, "v", "t", &time);
    properties.times[name] = time;
  } else if (kind == "b") {
    error = sd_bus_message_read(message, "v", "b", &flag);
    properties.numbers[name] = flag != 0;
  } else if (kind == "(uo)") {
    error = sd_bus_message_read(message, "v", "(uo)", &number, &text);
    if (error >= 0) properties.objects[name] = text;
    properties.numbers[name] = number;
  } else if (kind == "as" || kind == "ay") {
    error = sd_bus_message_enter_container(message, 'v', kind == "as" ? "as" : "ay");
    if (error >= 0) {
      error = kind == "as" ? ReadList(message, properties.lists[name])
                           : ReadHex(message, properties.texts[name]);
    }
    if (error >= 0) error = sd_bus_message_exit_container(message);
  } else if (kind == "a(sbbsi)") {
    error = sd_bus_message_enter_container(message, 'v', "a(sbbsi)");
    if (error >= 0) error = ReadUnmet(message, properties.lists[name]);
    if (error >= 0) error = sd_bus_message_exit_container(message);
  } else if (kind.starts_with('a')) {
    error = CountElements(message, type, properties.numbers[name]);
  } else {
    error = sd_bus_message_skip(message, "v");
  }
  return error;
}

}  // namespace

int ReadProperties(sd_bus_message* message, Properties& properties) {
  int more = sd_bus_message_enter_container(message, 'a', "{sv}");
  while (more >= 0 && (more = sd_bus_message_enter_container(message, 'e', "sv")) > 0) {
    const char* name = nullptr;
    int error = sd_bus_message_read(message, "s", &name);
    if (error >= 0) error = ReadValue(message, name, properties);
    if (error < 0) return error;
    more = sd_bus_message_exit_container(message);
  }
  return more;
}

Result<Properties> UnitProperties(BusConnection& connection, const std::string& unit) {
  return PropertiesOf(connection, unit, kUnitInterface);
}

Result<Properties> PropertiesOf(BusConnection& connection, const std::string& unit,
                                const char* interface) {
  Result<Message> reply = connection.Call(
      {UnitPath(unit), kPropertiesInterface, "GetAll"}, fmt::format("describe {}", unit),
      [&](sd_bus_message* call) { return sd_bus_message_append(call, "s", interface); });
  if (!reply) return Pass(std::move(reply));
  Properties properties;
  const int error = ReadProperties(reply->get(), properties);
  if (error < 0) {
    return Fail(kWriteFault, "What the service manager says of {} cannot be read: {}.", unit,
                strerror(-error));
  }
  return properties;
}

}  // namespace rm
