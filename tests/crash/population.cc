#include "crash/population.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <utility>

#include "crash/read_all.h"

namespace rm::test {
namespace {

namespace fs = std::filesystem;
constexpr std::chrono::seconds kLimit{120};

// argv of every process that lives; zombies have none.
std::vector<std::pair<pid_t, std::vector<std::string>>> Processes() {
  std::vector<std::pair<pid_t, std::vector<std::string>>> all;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != name.npos) continue;
    const std::string text = ReadAll(entry.path() / "cmdline");
    std::vector<std::string> words;
    for (size_t at = 0; at < text.size(); at = text.find('\0', at) + 1) {
      if (text.find('\0', at) == text.npos) break;
      words.emplace_back(text.c_str() + at);
    }
    if (!words.empty()) all.emplace_back(std::stoi(name), std::move(words));
  }
  return all;
}

// Its file was replaced while it ran.
bool IsOld(pid_t pid) {
  std::error_code gone;
  return fs::read_symlink("/proc/" + std::to_string(pid) + "/exe", gone)
      .native()
      .ends_with(" (deleted)");
}

// It was sent a signal that it is going to end by, but on a busy machine it has not come to that.
bool IsEnding(pid_t pid) {
  const std::string status = ReadAll("/proc/" + std::to_string(pid) + "/status");
  uint64_t pending = 0;
  for (const char* which : {"\nSigPnd:\t", "\nShdPnd:\t"})
    if (const size_t at = status.find(which); at != status.npos)
      pending |= strtoull(status.c_str() + at + strlen(which), nullptr, 16);
  return pending >> (SIGTERM - 1) & 1 || pending >> (SIGKILL - 1) & 1;
}

}  // namespace

Population::Population(int size, std::string guest, Start start)
    : size_(size), guest_(std::move(guest)), start_(std::move(start)) {
  std::string pattern = fs::temp_directory_path() / "rm-crash-XXXXXX";
  if (!mkdtemp(pattern.data()) || chmod(pattern.c_str(), 0755) != 0) abort();
  directory_ = pattern;
  fs::copy_file(guest_, program());
  fs::create_directory(store());
  chmod(store().c_str(), 0700);
  std::ofstream(directory_ + "/starts").close();
}

Population::~Population() {
  EndAll();
  fs::remove_all(directory_);
}

void Population::EndAll() const {
  for (bool any = true; any;) {
    any = false;
    for (const auto& [pid, words] : Processes())
      for (const std::string& word : words)
        if (word.starts_with(directory_)) any = kill(pid, SIGKILL) == 0 || any;
    while (waitpid(-1, nullptr, WNOHANG) > 0) continue;
  }
}

std::vector<std::string> Population::NamesOfWhoRuns() const {
  std::vector<std::string> names;
  for (const auto& [pid, words] : Processes())
    if (words[0].starts_with(program())) names.push_back(words.size() == 2 ? words[1] : "?");
  return names;
}

std::vector<std::string> Population::Replacement() const {
  return {"/bin/cp", "--remove-destination", guest_, program()};
}

std::vector<std::string> Population::Command(int i) const { return {program(), std::to_string(i)}; }

void Population::StartPlain(int i) const {
  const std::vector<std::string> command = Command(i);
  if (fork() != 0) return;
  setsid();
  const int null = open("/dev/null", O_RDWR);
  for (int fd : {0, 1, 2}) dup2(null, fd);
  closefrom(3);
  execl(command[0].c_str(), command[0].c_str(), command[1].c_str(), nullptr);
  _exit(127);
}

void Population::Complete() {
  // Who was asked and stayed is ours now: nobody is to start another one when it ends.
  for (const auto& entry : fs::directory_iterator(store()))
    if (entry.path().filename().native().starts_with("late-")) fs::remove(entry.path());
  const auto running = Running();
  for (int i = 0; i < size_; ++i) {
    bool complete = false;
    for (const pid_t pid : running[i]) {
      // Whoever stayed on an old file uses nothing that the next run is told of.
      if (complete || IsOld(pid))
        kill(pid, SIGKILL);
      else
        complete = true;
    }
    if (complete) continue;
    if (start_)
      start_(i);
    else
      StartPlain(i);
  }
  AwaitEveryoneOnce();
  old_.clear();
  std::ofstream(directory_ + "/starts").close();
  for (const auto& now : Running()) old_.insert(now.begin(), now.end());
}

std::vector<std::set<pid_t>> Population::Running() const {
  std::vector<std::set<pid_t>> running(size_);
  for (const auto& [pid, words] : Processes()) {
    if (words.size() != 2 || words[0] != program() || IsEnding(pid)) continue;
    const int i = std::stoi(words[1]);
    if (i >= 0 && i < size_) running[i].insert(pid);
  }
  return running;
}

std::vector<std::set<pid_t>> Population::Started() const {
  std::vector<std::set<pid_t>> started(size_);
  std::ifstream starts(directory_ + "/starts");
  int i = 0;
  for (pid_t pid = 0; starts >> i >> pid;)
    if (!old_.contains(pid)) started[i].insert(pid);
  return started;
}

int Population::Renewed() const {
  int renewed = 0;
  for (const auto& running : Running())
    if (!running.empty() && !old_.contains(*running.begin())) ++renewed;
  return renewed;
}

int Population::OnOldFile() const {
  int old = 0;
  for (const auto& running : Running())
    old += static_cast<int>(std::ranges::count_if(running, IsOld));
  return old;
}

std::string Population::AtWork() const {
  std::string who;
  for (const auto& [pid, words] : Processes()) {
    if (words[0] == program() || words[0].ends_with("rm-relaunch")) continue;
    for (const std::string& word : words)
      if (word.starts_with(store())) who += std::to_string(pid) + " " + words[0] + " is at work; ";
  }
  return who;
}

std::string Population::Trouble() const {
  std::string trouble;
  const auto running = Running();
  for (int i = 0; i < size_; ++i)
    if (running[i].size() != 1)
      trouble += std::to_string(i) + " runs " + std::to_string(running[i].size()) + "x; ";
  return trouble.empty() ? AtWork() : trouble;
}

std::string Population::AwaitEveryoneOnce(size_t most_starts) const {
  const auto end = std::chrono::steady_clock::now() + kLimit;
  std::string trouble = Trouble();
  while (!trouble.empty() && std::chrono::steady_clock::now() < end) {
    while (waitpid(-1, nullptr, WNOHANG) > 0) continue;
    poll(nullptr, 0, 10);
    trouble = Trouble();
  }
  const auto started = Started();
  for (int i = 0; i < size_; ++i)
    if (started[i].size() > most_starts)
      trouble += std::to_string(i) + " was started " + std::to_string(started[i].size()) + "x; ";
  return trouble;
}

std::vector<std::string> Population::LeftInStore() const {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(store())) {
    const std::string name = entry.path().filename();
    // What stays: the database, a lock for all sessions, what a late return waits for, how much the
    // journal was told.
    const bool stays = name.starts_with("sessions.db") || name == "paying" ||
                       name.starts_with("late-") || name.starts_with("journal-budget");
    if (!stays) names.push_back(name);
  }
  return names;
}

}  // namespace rm::test
