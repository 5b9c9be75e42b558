// What if a service manager refuses one call, or the connection to it breaks at one? Stands between
// a socket of D-Bus and everyone who asks there, and lets everything through but that one call.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace rm::test {

enum class BusTrouble {
  kRefuse,   // an error is the answer, and the call is not made
  kHangUp,   // the connection is closed instead
  kSwallow,  // the call is made, and the connection closed instead of the answer
};

struct BusRequest {
  std::string program;  // base name of the executable that calls
  std::string method;   // "": none, calls are only noted
  int at = 0;           // which of these calls, from 1 on
  BusTrouble trouble = BusTrouble::kRefuse;
};

inline constexpr char kRefusal[] = "the test refuses this call";

class BusProxy {
 public:
  // Puts itself in the place of a socket, until this object goes.
  explicit BusProxy(const std::string& socket);
  // Listens at one, and asks at the other.
  BusProxy(std::string socket, std::string behind);
  ~BusProxy();
  BusProxy(const BusProxy&) = delete;

  // From here on.
  void Arm(const BusRequest& request);
  // Since then: the methods that the program called, one by one.
  std::vector<std::string> Calls() const;
  bool reached() const;

 private:
  void Accept();
  void Relay(int client, int manager, const std::string& program);
  std::optional<BusTrouble> TroubleOf(const std::string& program, const std::string& method);

  void Listen();

  const std::string socket_;
  const std::string behind_;
  const bool replaces_;
  int listener_ = -1;
  std::thread acceptor_;
  mutable std::mutex mutex_;  // of all below
  std::condition_variable ended_;
  BusRequest request_;
  int seen_ = 0;
  std::vector<std::string> calls_;
  std::set<int> sockets_;  // of the relays that work
};

}  // namespace rm::test
