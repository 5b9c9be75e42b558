// Does a process of another user get us to run it with our rights, to hang, or to signal somebody
// else?
#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

#include "hostile/limited.h"

namespace rm::test {
namespace {

namespace fs = std::filesystem;

constexpr uid_t kOther = 65534;
constexpr int kShifters = 4;

int Rounds() {
  const char* const chosen = getenv("RM_HOSTILE_TRIALS");
  return chosen ? atoi(chosen) : 30;
}

class World {
 public:
  World() {
    std::string pattern = "/tmp/rm-shape-XXXXXX";
    if (!mkdtemp(pattern.data())) abort();
    directory_ = pattern;
    chmod(pattern.c_str(), 01777);
    fs::create_directory(store());
    chmod(store().c_str(), 0700);
    for (const char* name : {"shape", "shift"}) fs::copy_file(SHAPESHIFTER, directory_ / name);
    fs::copy_file(SHAPESHIFTER_SO, directory_ / "shape.so");
    std::ofstream(directory_ / "held") << "x";
  }
  ~World() { fs::remove_all(directory_); }

  std::string store() const { return directory_ / "store"; }
  fs::path path(const std::string& name) const { return directory_ / name; }

  void StartShifter(int number) const {
    if (fork() != 0) return;
    setsid();
    closefrom(3);
    const int null = open("/dev/null", O_RDWR);
    for (int fd : {0, 1, 2}) dup2(null, fd);
    if (setgroups(0, nullptr) != 0 || setresgid(kOther, kOther, kOther) != 0 ||
        setresuid(kOther, kOther, kOther) != 0)
      _exit(1);
    setenv("SHAPESHIFTER", directory_.c_str(), 1);
    const std::string program = directory_ / "shape";
    execl(program.c_str(), program.c_str(), directory_.c_str(), std::to_string(number).c_str(),
          nullptr);
    _exit(1);
  }

 private:
  fs::path directory_;
};

// Children of ours that come and go, under the pids that the others leave behind. How many were
// ended by somebody, of how many.
struct Bystanders {
  int born = 0, killed = 0;

  void Turn() {
    while (alive_.size() < 40) {
      const pid_t child = fork();
      if (child == 0) {
        // Ends with its parent's end of the pipe, or by its turn.
        closefrom(0);
        while (true) pause();
      }
      if (child < 0) return;  // no number is free: later
      alive_.push_back(child);
      ++born;
    }
    // The oldest goes, by our hand and no one else's.
    const pid_t oldest = alive_.front();
    alive_.erase(alive_.begin());
    int status = 0;
    if (waitpid(oldest, &status, WNOHANG) == oldest) {
      ++killed;
      return;
    }
    kill(oldest, SIGUSR1);
    waitpid(oldest, &status, 0);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGUSR1) ++killed;
  }
  void End() {
    for (const pid_t child : alive_) {
      int status = 0;
      if (waitpid(child, &status, WNOHANG) == child) ++killed;
      kill(child, SIGKILL);
      waitpid(child, &status, 0);
    }
    alive_.clear();
  }

 private:
  std::vector<pid_t> alive_;
};

constexpr int kNoNamespace = 77;

// In a pid namespace of its own, with few numbers, so that each is soon used again.
int InNamespace(const World& world) {
  if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      mount("proc", "/proc", "proc", 0, nullptr) != 0)
    return kNoNamespace;
  setenv("RESTART_MANAGER_DIR", world.store().c_str(), 1);
  // Since Linux 6.14 each pid namespace has its own.
  const int limit = open("/proc/sys/kernel/pid_max", O_RDWR | O_CLOEXEC);
  const bool own_limit = limit >= 0 && write(limit, "600", 3) == 3;
  close(limit);

  Bystanders bystanders;
  std::map<std::string, int> ended;
  std::string trouble;
  // The bystanders are forked by a process without threads of its own.
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return 1;
  const pid_t keeper = fork();
  if (keeper == 0) {
    static volatile sig_atomic_t told = 0;
    signal(SIGTERM, [](int) { told = 1; });
    signal(SIGUSR1, SIG_DFL);
    while (!told) bystanders.Turn();
    bystanders.End();
    const int counts[] = {bystanders.born, bystanders.killed};
    _exit(write(ends[1], counts, sizeof counts) == sizeof counts ? 0 : 1);
  }
  const std::vector<std::vector<std::string>> commands = {
      {RESTARTCTL, "who", world.path("held")},
      {RESTARTCTL, "who", "--json", world.path("held"), world.path("shape")},
      {RESTARTCTL, "stale"},
      {RESTARTCTL, "run", "-q", "--relaunch", "-f", world.path("held"), "-f", world.path("shift"),
       "--", "/bin/true"},
      {RESTARTCTL, "recover"}};
  const int rounds = Rounds();
  for (int round = 0; round < rounds && trouble.empty(); ++round) {
    for (int i = 0; i < kShifters; ++i) world.StartShifter(i);
    for (const auto& command : commands) {
      const Ending ending = RunLimited(command);
      if (!ending.Trouble().empty()) trouble += command[1] + ": " + ending.Trouble();
      ++ended[command[1] + " " + std::to_string(ending.status)];
    }
    if (fs::exists(world.path("ran-0"))) trouble += "it was run as root; ";
    while (waitpid(-1, nullptr, WNOHANG) > 0) continue;
  }
  kill(keeper, SIGTERM);
  int counts[2] = {};
  if (read(ends[0], counts, sizeof counts) != sizeof counts) trouble += "no counts; ";
  if (!fs::exists(world.path("ran-" + std::to_string(kOther)))) trouble += "it never ran; ";
  if (counts[1] != 0) trouble += std::to_string(counts[1]) + " bystanders were signalled; ";
  printf("shapeshifter: %d rounds of %zu commands, %d bystanders, %d signalled, pids %s\n", rounds,
         commands.size(), counts[0], counts[1],
         own_limit ? "used again within 600" : "not limited");
  for (const auto& [what, times] : ended) printf("  %s: %d\n", what.c_str(), times);
  if (!trouble.empty()) printf("trouble: %s\n", trouble.c_str());
  fflush(stdout);
  // All others in the namespace end with us.
  return trouble.empty() ? 0 : 1;
}

TEST(Shapeshifter, IsNeitherBelievedNorRunAsRoot) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  if (fs::exists("/run/systemd/system")) GTEST_SKIP() << "needs a machine without systemd";
  const World world;
  const pid_t apart = fork();
  if (apart == 0) {
    if (unshare(CLONE_NEWPID | CLONE_NEWNS) != 0) _exit(kNoNamespace);
    const pid_t first = fork();
    if (first == 0) _exit(InNamespace(world));
    int status = 0;
    waitpid(first, &status, 0);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 98);
  }
  int status = 0;
  waitpid(apart, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == kNoNamespace)
    GTEST_SKIP() << "needs CAP_SYS_ADMIN, for a pid namespace of its own";
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace rm::test
