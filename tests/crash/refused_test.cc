// In a booted systemd: does everyone come back once, and is said what is wrong, whichever call to
// the service manager it refuses, or whichever breaks the connection? For root that is PID 1.
// Others ask their own manager, and by the system bus PID 1.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "crash/booted.h"
#include "crash/bus_proxy.h"
#include "crash/pid1.h"

namespace rm::test {
namespace {

// More than restartctl waits for anything.
constexpr std::chrono::seconds kLimit{180};

// A method that is called more often is tried at some of its calls only.
constexpr int kOften = 20;
constexpr int kSometimes = 3;

const char* NameOf(BusTrouble trouble) {
  switch (trouble) {
    case BusTrouble::kRefuse:
      return "refused";
    case BusTrouble::kHangUp:
      return "hung up";
    case BusTrouble::kSwallow:
      return "made, and hung up";
  }
  return "";
}

using Words = std::vector<std::string>;

constexpr char kSystemBus[] = "/run/dbus/system_bus_socket";

class Refused : public Booted {
 protected:
  explicit Refused(std::unique_ptr<BusProxy> proxy) : proxy_(std::move(proxy)) {}

  Words Installer(const Words& command) const {
    Words words{RESTARTCTL, "run", "-q", "--relaunch", "-f", population_.program(), "--"};
    words.insert(words.end(), command.begin(), command.end());
    return words;
  }

  // As of waitpid(2); none: it did not end in time, and was killed.
  std::optional<int> Run(const Words& words) const {
    const pid_t child = fork();
    if (child == 0) {
      dup2(open("/dev/null", O_WRONLY), 1);
      dup2(open(errors().c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), 2);
      std::vector<char*> argv;
      for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
      argv.push_back(nullptr);
      execv(argv[0], argv.data());
      _exit(127);
    }
    const auto end = std::chrono::steady_clock::now() + kLimit;
    int status = 0;
    while (waitpid(child, &status, WNOHANG) == 0) {
      if (std::chrono::steady_clock::now() > end) {
        kill(child, SIGKILL);
        waitpid(child, &status, 0);
        return std::nullopt;
      }
      poll(nullptr, 0, 10);
    }
    return status;
  }

  // Of each method that is called all calls, with RM_CRASH_ALL. Without it one of `stride` if there
  // are many, and where there are some each with another trouble.
  void AtEveryCall(const std::string& program, const Words& words, int stride,
                   const Words& before = {}) {
    const bool all = getenv("RM_CRASH_ALL");
    int lost = 0;
    At({program, "", 0, BusTrouble::kRefuse}, words, before, lost);
    ASSERT_EQ(lost, 0);
    const std::vector<std::string> calls = proxy_->Calls();
    for (const auto trouble : {BusTrouble::kRefuse, BusTrouble::kHangUp, BusTrouble::kSwallow}) {
      int tried = 0;
      for (const std::string& method : std::set(calls.begin(), calls.end())) {
        const auto times = std::ranges::count(calls, method);
        const bool some = !all && times >= kSometimes && times <= kOften;
        const int step = some ? kSometimes : times > kOften && !all ? stride : 1;
        BusRequest request{program, method, some ? 1 + static_cast<int>(trouble) : 1, trouble};
        for (; lost <= 20; request.at += step) {
          const bool reached = At(request, words, before, lost);
          tried += reached;
          // How many calls it takes varies.
          if (!reached && request.at > times) break;
        }
      }
      printf("%s, %s: %zu calls, tried %d, lost %d\n", program.c_str(), NameOf(trouble),
             calls.size(), tried, lost);
    }
    PrintComplaints();
  }

  // `before` has its way first, and leaves the work of PID 1 to `words`. False: there was no such
  // call.
  bool At(const BusRequest& request, const Words& words, const Words& before, int& lost) {
    population_.Complete();
    if (!before.empty()) Run(before);
    proxy_->Arm(request);
    const std::optional<int> status = Run(words);
    const bool reached = proxy_->reached();
    const std::string said = Said();
    std::string trouble = status ? Tells(*status) : "did not end; ";
    const bool owed = before.empty() ? status && OwesAndSaysSo(*status) : status != 0;
    trouble += Settle(2, owed);
    if (trouble.empty()) return reached;
    ++lost;
    ADD_FAILURE() << NameOf(request.trouble) << ", " << request.program << ", " << request.method
                  << " " << request.at << ": " << trouble << said;
    return reached;
  }

  const std::unique_ptr<BusProxy> proxy_;
};

class RefusedByManager : public Refused {
 protected:
  RefusedByManager()
      : Refused(std::make_unique<BusProxy>(RuntimeDirectory() + "/systemd/private")) {}
};

TEST_F(RefusedByManager, CallOfTheInstaller) {
  AtEveryCall("restartctl", Installer(population_.Replacement()), 64);
}

// It lets COMMAND restart a service that is held: if it cannot, COMMAND would wait for ever.
TEST_F(RefusedByManager, CallOfTheGuard) {
  const std::string restart = SystemctlLine("restart rm-crash-1.service");
  AtEveryCall("rm-guard", Installer({"/bin/sh", "-c", "exec " + restart}), 8);
}

// Nobody else brings back what the manager has forgotten.
TEST_F(RefusedByManager, CallOfRecover) {
  AtEveryCall("restartctl", {RESTARTCTL, "recover"}, 16,
              Installer({"/bin/sh", "-c", SystemctlLine("cancel") + "; kill -KILL $PPID"}));
}

class RefusedByBus : public Refused {
 protected:
  RefusedByBus() : Refused(std::make_unique<BusProxy>(kProxy, kSystemBus)) {}
  ~RefusedByBus() override { unlink(kProxy); }

  void SetUp() override {
    if (geteuid() == 0) GTEST_SKIP() << "needs a user: root asks PID 1 without the bus";
    Refused::SetUp();
    setenv("DBUS_SYSTEM_BUS_ADDRESS", (std::string("unix:path=") + kProxy).c_str(), 1);
  }
  void TearDown() override { unsetenv("DBUS_SYSTEM_BUS_ADDRESS"); }

  static constexpr char kProxy[] = "/tmp/rm-crash-bus";
};

// A service of the system uses another of the files (units/rm-crash-system.service), and is left
// alone.
TEST_F(RefusedByBus, CallOfTheInstaller) {
  Words words = Installer(population_.Replacement());
  words.insert(words.begin() + 2, {"--leave-critical", "-f", "/bin/sleep"});
  AtEveryCall("restartctl", words, 16);
}

}  // namespace
}  // namespace rm::test
