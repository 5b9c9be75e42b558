#include "crash/bus_message.h"

#include <cstring>

namespace rm::test {
namespace {

// D-Bus specification, "Message Format". Little-endian only, as sd-bus writes here.
constexpr size_t kFixed = 16;
enum Kind : char { kCall = 1, kReturn = 2, kError = 3 };
enum Field : char { kMember = 3, kErrorName = 4, kReplySerial = 5, kSignature = 8 };

uint32_t NumberAt(std::string_view bytes, size_t at) {
  uint32_t number = 0;
  if (at + sizeof number <= bytes.size()) memcpy(&number, bytes.data() + at, sizeof number);
  return number;
}

size_t Aligned(size_t at, size_t to) { return (at + to - 1) / to * to; }

void Pad(std::string& text, size_t to) { text.resize(Aligned(text.size(), to)); }

void AddNumber(std::string& text, uint32_t number) {
  Pad(text, sizeof number);
  text.append(reinterpret_cast<const char*>(&number), sizeof number);
}

void AddText(std::string& text, std::string_view added) {
  AddNumber(text, static_cast<uint32_t>(added.size()));
  text.append(added).push_back('\0');
}

void BeginField(std::string& text, Field field, char type) {
  Pad(text, 8);
  text += {field, 1, type, '\0'};
}

}  // namespace

bool IsMessage(std::string_view bytes) { return bytes.starts_with('l'); }

std::optional<size_t> MessageSize(std::string_view bytes) {
  if (bytes.size() < kFixed) return std::nullopt;
  const size_t size = Aligned(kFixed + NumberAt(bytes, 12), 8) + NumberAt(bytes, 4);
  return bytes.size() < size ? std::nullopt : std::optional(size);
}

std::string CalledMethod(std::string_view message) {
  if (!IsMessage(message) || message[1] != kCall) return "";
  const size_t end = kFixed + NumberAt(message, 12);
  for (size_t at = kFixed; at < end;) {
    at = Aligned(at, 8);
    const char field = message[at];
    const char type = message[at + 2];
    at += 4;  // the field, and a signature of one type
    if (type == 'u') {
      at += 4;
    } else if (type == 'g') {
      at += static_cast<unsigned char>(message[at]) + 2u;
    } else {
      const size_t size = NumberAt(message, at);
      if (field == kMember) return std::string(message.substr(at + 4, size));
      at += 4 + size + 1;
    }
  }
  return "";
}

bool IsReply(std::string_view message) {
  return IsMessage(message) && (message[1] == kReturn || message[1] == kError);
}

std::string ErrorReply(std::string_view call, std::string_view name, std::string_view text) {
  std::string fields(kFixed, '\0');  // aligned as they are going to be
  BeginField(fields, kReplySerial, 'u');
  AddNumber(fields, NumberAt(call, 8));
  BeginField(fields, kErrorName, 's');
  AddText(fields, name);
  BeginField(fields, kSignature, 'g');
  fields += {1, 's', '\0'};
  std::string body;
  AddText(body, text);
  std::string reply{'l', kError, 1, 1};
  AddNumber(reply, static_cast<uint32_t>(body.size()));
  AddNumber(reply, UINT32_MAX);  // a serial that the manager does not come to
  AddNumber(reply, static_cast<uint32_t>(fields.size() - kFixed));
  reply += fields.substr(kFixed);
  Pad(reply, 8);
  return reply + body;
}

}  // namespace rm::test
