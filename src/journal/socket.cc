#include "journal/socket.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-login.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <utility>

#include "base/unique_fd.h"

namespace rm {
namespace {

// A value with a line feed is preceded by its length, 64 bits, little endian.
void Append(const JournalField& field, std::string& out) {
  out += field.name;
  if (field.value.find('\n') == std::string::npos) {
    out += '=';
  } else {
    out += '\n';
    for (unsigned shift = 0; shift < 64; shift += 8)
      out += static_cast<char>(uint64_t{field.value.size()} >> shift);
  }
  out += field.value;
  out += '\n';
}

void Send(const std::string& path, const std::string& datagram) {
  const UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  if (!socket || path.size() >= sizeof to.sun_path) return;
  path.copy(to.sun_path, path.size());
  (void)::sendto(socket.get(), datagram.data(), datagram.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
                 reinterpret_cast<const sockaddr*>(&to), sizeof to);
}

// journald believes root alone.
std::string OwnUnit() {
  const int error = errno;  // callers of the C functions read it
  char* found = nullptr;
  if (geteuid() == 0) (void)sd_pid_get_unit(0, &found);
  errno = error;
  const std::unique_ptr<char, decltype(&std::free)> unit(found, &std::free);
  return unit ? unit.get() : "";
}

}  // namespace

std::string ToDatagram(const JournalRecord& record) {
  std::string datagram;
  for (const JournalField& field : record.fields) Append(field, datagram);
  return datagram;
}

JournalSink ToJournal(std::string socket, std::string unit) {
  return [path = std::move(socket), unit = std::move(unit)](const JournalRecord& record) {
    const int error = errno;
    const bool is_of_unit = std::ranges::any_of(record.fields, [](const JournalField& field) {
      return field.name == kObjectUnit || field.name == kObjectUserUnit;
    });
    std::string datagram = ToDatagram(record);
    if (!is_of_unit && !unit.empty()) Append({kObjectUnit, unit}, datagram);
    Send(path, datagram);
    errno = error;
  };
}

JournalSink ToJournal() { return ToJournal(kJournalSocket, OwnUnit()); }

}  // namespace rm
