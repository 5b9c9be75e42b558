#include "bench/measure.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "base/unique_fd.h"

namespace rm::bench {

void Die(const std::string& why) {
  fmt::print(stderr, "{}: {}\n", program_invocation_short_name, why);
  exit(1);
}

double Milliseconds(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
      .count();
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

double ProcessorSecondsOfOthers() {
  double user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0;
  std::ifstream stat("/proc/stat");  // proc_stat(5)
  std::string cpu;
  stat >> cpu >> user >> nice >> system >> idle >> iowait >> irq >> softirq >> steal;
  if (!stat || cpu != "cpu") Die("/proc/stat");
  double seconds = (user + nice + system + irq + softirq + steal) / sysconf(_SC_CLK_TCK);
  for (const int whose : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage used{};
    if (getrusage(whose, &used)) Die("getrusage");
    for (const timeval& time : {used.ru_utime, used.ru_stime}) {
      seconds -= static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    }
  }
  return seconds;
}

Ended RunProgram(std::vector<std::string> words) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC)) Die("pipe2");
  const UniqueFd in(ends[0]);
  UniqueFd out(ends[1]);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, out.get(), 1);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t child = 0;
  if (posix_spawnp(&child, argv[0], &actions, nullptr, argv.data(), environ)) Die(words[0]);
  posix_spawn_file_actions_destroy(&actions);
  out.Reset();
  Ended ended;
  char page[4096];
  for (ssize_t got; (got = read(in.get(), page, sizeof page)) > 0;) {
    ended.output.append(page, static_cast<size_t>(got));
  }
  rusage used{};
  if (wait4(child, &ended.status, 0, &used) != child) Die("wait4");
  ended.peak_kib = used.ru_maxrss;
  return ended;
}

}  // namespace rm::bench
