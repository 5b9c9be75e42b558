#include "crash/services.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "crash/pid1.h"

namespace rm::test {
namespace {

constexpr int kSize = 5;
constexpr std::chrono::seconds kLimit{120};

// Much is started here in a short time.
constexpr char kNoLimit[] = "StartLimitIntervalSec=0\n";

std::string UnitText(int i) {
  switch (i) {
    case 2:
      return "Requires=rm-crash-1.service\nAfter=rm-crash-1.service\nPartOf=rm-crash-1.service\n";
    case kSize:
      return "PartOf=rm-crash-1.service\n";
    default:
      return "";
  }
}

std::string Socket() { return RuntimeDirectory() + "/rm-crash-4"; }

int Connect() {
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  strcpy(address.sun_path, Socket().c_str());
  const int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    perror(Socket().c_str());
  return client;
}

// What is not as it should be in PID 1.
std::string Left() {
  std::string left = LeftInPid1();
  const std::string down = Systemctl("show -p ActiveState --value rm-crash-5.service");
  if (down != "inactive\n") left += "who was down is " + down;
  return left;
}

}  // namespace

Services::Services() : population_(kSize, GUEST, [this](int i) { Start(i); }) {
  const std::string units =
      RuntimeDirectory() + (geteuid() == 0 ? "/systemd/system" : "/systemd/user");
  std::filesystem::create_directories(units);
  for (int i = 1; i <= kSize; ++i) {
    const std::string name = units + "/rm-crash-" + std::to_string(i);
    std::ofstream(name + ".service")
        << "[Unit]\n"
        << kNoLimit << UnitText(i) << "[Service]\nExecStart=" << population_.program() << " " << i
        << (i == 3 ? "\nRestart=always\nRestartSec=0" : "") << "\n";
  }
  std::ofstream(units + "/rm-crash-4.socket")
      << "[Unit]\nStartLimitIntervalSec=0\n[Socket]\nTriggerLimitIntervalSec=0\nListenStream="
      << Socket() << "\n";
  Systemctl("daemon-reload");
  Systemctl("start rm-crash-4.socket");
  client_ = Connect();
}

// Else PID 1 starts one anew while its program goes away, and it runs on for the next test.
Services::~Services() {
  close(client_);
  std::string units = "rm-crash-4.socket";
  for (int i = 1; i <= kSize; ++i) units += " rm-crash-" + std::to_string(i) + ".service";
  Systemctl("stop " + units);
}

void Services::Start(int i) {
  if (i == 0)
    population_.StartPlain(0);
  else
    Systemctl("start rm-crash-" + std::to_string(i) + ".service");
}

std::string Services::AwaitAllAsBefore(size_t most_starts) const {
  const auto end = std::chrono::steady_clock::now() + kLimit;
  std::string left = Left();
  while (!left.empty() && std::chrono::steady_clock::now() < end) {
    poll(nullptr, 0, 20);
    left = Left();
  }
  return population_.AwaitEveryoneOnce(most_starts) + left;
}

}  // namespace rm::test
