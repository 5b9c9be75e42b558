// In a booted systemd: is a process of another user ever taken for a service that is not its own,
// whatever it calls the cgroups that it moves to?
#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "crash/pid1.h"
#include "crash/read_all.h"
#include "hostile/limited.h"

namespace rm::test {
namespace {

namespace fs = std::filesystem;

constexpr uid_t kOther = 1000;  // has a service manager of its own
const fs::path kCgroups = "/sys/fs/cgroup";
// Who it wants to be taken for: a service that runs, one that does not, and one that nobody knows.
constexpr const char* kOthers[] = {"rm-victim.service", "rm-down.service", "rm-ghost.service"};

int Rounds() {
  const char* const chosen = getenv("RM_HOSTILE_TRIALS");
  return chosen ? atoi(chosen) : 5;
}

std::string Content(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

class Impostor : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists("/run/systemd/system")) GTEST_SKIP() << "needs a systemd of its own";
    std::string pattern = "/tmp/rm-impostor-XXXXXX";
    ASSERT_TRUE(mkdtemp(pattern.data()));
    directory_ = pattern;
    chmod(pattern.c_str(), 0755);
    fs::create_directory(directory_ / "store");
    chmod((directory_ / "store").c_str(), 0700);
    setenv("RESTART_MANAGER_DIR", (directory_ / "store").c_str(), 1);
    fs::copy_file(IMPOSTOR, program());
    std::ofstream(held()) << "x";
    Unit("rm-victim", "ExecStart=/bin/sleep infinity");
    Unit("rm-down", "ExecStart=/bin/sleep infinity");
    Unit("rm-impostor", "User=" + std::to_string(kOther) +
                            "\nDelegate=yes\nExecStart=" + program().string() + " " +
                            Ground("system.slice/rm-impostor.service") + " " + held().string());
    Systemctl("daemon-reload");
    Systemctl("start rm-victim.service rm-impostor.service");
    victim_ = StateOf("rm-victim.service");
    ASSERT_NE(victim_.find("active"), victim_.npos);
    // As a service manager would make them, and as no service manager does.
    for (const char* ground : {"rm-attic", "rm-attic.slice"}) {
      fs::create_directory(kCgroups / ground);
      for (const char* file : {"", "cgroup.procs"})
        ASSERT_EQ(chown((kCgroups / ground / file).c_str(), kOther, kOther), 0);
    }
  }

  void TearDown() override {
    if (directory_.empty()) return;
    Systemctl("stop rm-impostor.service rm-victim.service");
    EndAll();
    fs::remove_all(directory_);
  }

  fs::path program() const { return directory_ / "impostor"; }
  fs::path held() const { return directory_ / "held"; }
  static std::string Ground(const std::string& cgroup) { return kCgroups / cgroup; }

  static void Unit(const std::string& name, const std::string& service) {
    std::ofstream("/run/systemd/system/" + name + ".service")
        << "[Unit]\nStartLimitIntervalSec=0\n[Service]\n"
        << service << "\n";
  }

  static std::string StateOf(const std::string& unit) {
    return Systemctl("show -p ActiveState -p InvocationID -p MainPID -p Job " + unit);
  }

  // As the other user, in that cgroup. Without arguments: the impostor.
  void Start(const std::string& ground, std::vector<std::string> words = {}) const {
    if (words.empty()) words = {program(), ground, held()};
    if (fork() != 0) return;
    setsid();
    const int null = open("/dev/null", O_RDWR);
    for (int fd : {0, 1, 2}) dup2(null, fd);
    closefrom(3);
    std::ofstream(ground + "/cgroup.procs") << "0" << std::flush;
    if (setgroups(0, nullptr) != 0 || setresgid(kOther, kOther, kOther) != 0 ||
        setresuid(kOther, kOther, kOther) != 0 || chdir("/") != 0)
      _exit(1);
    Execute(words);
  }

  [[noreturn]] static void Execute(const std::vector<std::string>& words) {
    std::vector<char*> argv;
    for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    execv(argv[0], argv.data());
    _exit(127);
  }

  std::set<pid_t> Impostors() const {
    std::set<pid_t> all;
    for (const auto& entry : fs::directory_iterator("/proc")) {
      std::error_code gone;
      if (fs::read_symlink(entry.path() / "exe", gone) == program())
        all.insert(std::stoi(entry.path().filename()));
    }
    return all;
  }

  void EndAll() const {
    for (std::set<pid_t> all; !(all = Impostors()).empty();) {
      for (const pid_t pid : all) kill(pid, SIGKILL);
      while (waitpid(-1, nullptr, WNOHANG) > 0) continue;
    }
  }

  // What it prints goes to a file of ours.
  Ending Run(const std::vector<std::string>& words) const {
    return RunLimited([&]() -> int {
      dup2(open(printed().c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDOUT_FILENO);
      Execute(words);
    });
  }
  fs::path printed() const { return directory_ / "printed"; }

  // "": nobody but itself was taken for the owner of the file, started or stopped.
  std::string Confused() const {
    std::string confused;
    const std::string printed = Content(this->printed());
    for (const char* other : kOthers)
      if (printed.find("\"unit\":\"" + std::string(other)) != printed.npos)
        confused += "it was taken for " + std::string(other) + "; ";
    if (StateOf("rm-victim.service") != victim_) confused += "rm-victim was restarted; ";
    if (StateOf("rm-down.service").find("ActiveState=inactive") == std::string::npos)
      confused += "rm-down was started; ";
    return confused.empty() ? "" : confused + printed;
  }

  fs::path directory_;
  std::string victim_;
};

// Where it stays under the name of another one's service, it is what it is: a program, which is
// stopped and brought back as any other.
TEST_F(Impostor, ThatStandsStillIsAPlainProgram) {
  for (const std::string name : {kOthers[0], kOthers[1], kOthers[2], ".service", "a b.service"}) {
    const std::string ground = Ground("rm-attic.slice/" + name);
    fs::create_directory(ground);
    const fs::path file = directory_ / "still";
    std::ofstream(file) << "x";
    Start(ground, {"/usr/bin/tail", "-f", file});
    while (Run({RESTARTCTL, "who", file}).status != 0) continue;
    EXPECT_EQ(Run({RESTARTCTL, "who", "--json", file}).said, "");
    EXPECT_EQ(Confused(), "") << name;
    const Ending update =
        Run({RESTARTCTL, "run", "--json", "--relaunch", "-f", file, "--", "/bin/true"});
    EXPECT_EQ(update.status, 0) << name << update.said << Content(printed());
    EXPECT_EQ(Confused(), "") << name;
    EXPECT_EQ(Run({RESTARTCTL, "who", file}).status, 0) << name << ": it is not back";
    fs::remove(file);
    Systemctl("stop 'rm-relaunch-*'");
  }
  EXPECT_EQ(LeftInPid1(), "");
}

TEST_F(Impostor, IsNeverTakenForAServiceThatIsNotItsOwn) {
  const std::vector<std::vector<std::string>> commands = {
      {RESTARTCTL, "who", "--json", held()},
      {RESTARTCTL, "stale", "--json"},
      {RESTARTCTL, "run", "-q", "--json", "--relaunch", "-f", held(), "--", "/bin/true"},
      {RESTARTCTL, "run", "-q", "--json", "--force", "-f", held(), "--", "/bin/true"},
      {RESTARTCTL, "recover"}};
  const std::string user = "user.slice/user-1000.slice/user@1000.service";
  std::map<std::string, int> ended;
  std::set<std::string> cgroups;
  for (int round = 0; round < Rounds(); ++round) {
    for (const std::string& ground :
         {Ground(user), Ground(user + "/app.slice"), Ground("rm-attic"), Ground("rm-attic.slice")})
      Start(ground);
    Systemctl("start rm-impostor.service");
    for (const auto& command : commands) {
      const std::string what = command[1] + ": ";
      for (const pid_t pid : Impostors())
        cgroups.insert(ReadAll("/proc/" + std::to_string(pid) + "/cgroup"));
      const Ending ending = Run(command);
      EXPECT_EQ(ending.Trouble(), "") << what;
      EXPECT_EQ(Confused(), "") << what << ending.said;
      ++ended[what + std::to_string(ending.status)];
    }
    EndAll();
  }
  EXPECT_GT(cgroups.size(), 10u);
  EXPECT_EQ(LeftInPid1(), "");
  printf("impostor: %d rounds of %zu commands, seen in %zu cgroups\n", Rounds(), commands.size(),
         cgroups.size());
  for (const auto& [what, times] : ended) printf("  %s: %d\n", what.c_str(), times);
}

}  // namespace
}  // namespace rm::test
