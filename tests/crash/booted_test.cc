// In a booted systemd: does everyone come back once, wherever the installer, the guard or both are
// killed, wherever PID 1 executes itself anew, and wherever the message bus is killed?
#include "crash/booted.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>

#include <filesystem>
#include <string_view>
#include <vector>

#include "apps/launch.h"
#include "crash/pid1.h"
#include "crash/read_all.h"
#include "crash/traced.h"

namespace rm::test {
namespace {

namespace fs = std::filesystem;

std::vector<pid_t> ProcessesOf(const std::string& program) {
  std::vector<pid_t> pids;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    std::error_code gone;
    const fs::path executable = fs::read_symlink(entry.path() / "exe", gone);
    if (executable.filename() == program) pids.push_back(std::stoi(entry.path().filename()));
  }
  return pids;
}

void KillAll(const std::string& program) {
  for (const pid_t pid : ProcessesOf(program)) kill(pid, SIGKILL);
}

// The last argument.
std::string SpecFileOf(pid_t pid) {
  std::string text = ReadAll("/proc/" + std::to_string(pid) + "/cmdline");
  if (!text.empty()) text.pop_back();
  return text.substr(text.rfind('\0') + 1);
}

// Or has ended.
bool IsStopped(pid_t pid) {
  const std::string stat = ReadAll("/proc/" + std::to_string(pid) + "/stat");
  const size_t name = stat.rfind(')');
  return name == stat.npos ||
         std::string_view("RSD").find(stat[name + 2]) == std::string_view::npos;
}

// But who has come to exec, and so counts as the program (docs/hold.md). They are stopped first: by
// then one may be a program, which nobody here is to kill.
void KillRelaunches() {
  const std::vector<pid_t> all = ProcessesOf("rm-relaunch");
  for (const pid_t pid : all) kill(pid, SIGSTOP);
  for (const pid_t pid : all) {
    while (!IsStopped(pid)) poll(nullptr, 0, 1);
    std::error_code gone;
    const fs::path program = fs::read_symlink("/proc/" + std::to_string(pid) + "/exe", gone);
    const bool kills =
        program.filename() == "rm-relaunch" && !LookAtSpecFile(SpecFileOf(pid)).started;
    kill(pid, kills ? SIGKILL : SIGCONT);
  }
}

class Killed : public Booted {
 protected:
  TraceRequest Request(Trouble trouble, std::function<void()> meanwhile = {}) const {
    TraceRequest request;
    request.argv = {RESTARTCTL, "run",      "-q", "--relaunch", "-f", population_.program(),
                    "--",       "/bin/true"};
    request.followed = {"restartctl", "rm-guard", "rm-relaunch"};
    request.program = "restartctl";
    request.armed_by = population_.store();
    request.trouble = trouble;
    request.meanwhile = std::move(meanwhile);
    request.errors = errors();
    return request;
  }

  // Who is not killed ends, and says why if it did not do what it was asked for.
  std::string EndsAndTells(Trouble trouble, const TraceResult& result) {
    if (result.endless) return "did not end; ";
    return trouble == Trouble::kNone ? Tells(result.status) : "";
  }

  // PID 1 alone brings everyone back; then there is nothing left for restartctl recover to do but
  // to forget the session. `may_owe`: unless the installer says that somebody is still owed.
  void AtEveryStep(TraceRequest request, int stride, size_t most_starts = 1, bool may_owe = false) {
    if (getenv("RM_CRASH_ALL")) stride = 1;
    int tried = 0;
    int lost = 0;
    for (request.at = 1; lost <= 20; request.at += stride) {
      population_.Complete();
      const TraceResult result = RunTraced(request);
      std::string trouble = EndsAndTells(request.trouble, result);
      Systemctl("start dbus.socket dbus.service");
      trouble += Settle(most_starts, may_owe && OwesAndSaysSo(result.status));
      if (!result.reached) {
        EXPECT_EQ(trouble, "");
        EXPECT_GT(result.calls, 0);
        printf("steps %d, tried %d, lost %d\n", result.calls, tried, lost);
        PrintComplaints();
        return;
      }
      ++tried;
      if (trouble.empty()) continue;
      ++lost;
      ADD_FAILURE() << "step " << request.at << ", " << result.call << ": " << trouble;
    }
  }
};

TEST_F(Killed, InstallerIsKilled) { AtEveryStep(Request(Trouble::kKill), 32); }

// The installer does not know it and goes on: who went down with another one, and came back with
// it, is asked once more when it is its turn.
TEST_F(Killed, GuardIsKilled) {
  AtEveryStep(Request(Trouble::kNone, [] { KillAll("rm-guard"); }), 32, 2);
}

// PID 1 runs rm-relaunch again.
TEST_F(Killed, InstallerGuardAndRelaunchesAreKilled) {
  AtEveryStep(Request(Trouble::kKillAll,
                      [] {
                        KillAll("rm-guard");
                        KillRelaunches();
                      }),
              32);
}

TEST_F(Killed, Pid1ExecutesItselfAnew) {
  AtEveryStep(Request(Trouble::kNone, [] { Systemctl("daemon-reexec"); }), 64, 1, true);
}

TEST_F(Killed, MessageBusIsKilled) {
  AtEveryStep(Request(Trouble::kNone, [] { KillAll("dbus-daemon"); }), 64);
}

}  // namespace
}  // namespace rm::test
