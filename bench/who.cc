// How long does "who uses these files?" take, beside fuser and lsof?  bench-who DIRECTORY COUNT
//
// Checks the answers first. Prints the rows of a markdown table; ratios are of one run.
#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iterator>
#include <set>
#include <sstream>

#include "bench/population.h"
#include "procfs/holders.h"
#include "procfs/identity.h"

namespace rm::bench {
namespace {

constexpr int kRounds = 5;

[[noreturn]] void Die(const std::string& why) {
  fmt::print(stderr, "bench-who: {}\n", why);
  exit(1);
}

double Milliseconds(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
      .count();
}

// What the program prints on stdout; its stderr is thrown away.
std::string Run(std::vector<std::string> words) {
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
  std::string text;
  char page[4096];
  for (ssize_t got; (got = read(in.get(), page, sizeof page)) > 0;) {
    text.append(page, static_cast<size_t>(got));
  }
  waitpid(child, nullptr, 0);
  return text;
}

std::vector<std::string> Command(std::vector<std::string> words,
                                 const std::vector<std::string>& files) {
  words.insert(words.end(), files.begin(), files.end());
  return words;
}

HolderScan Find(const ProcTree& proc, const std::vector<std::string>& files, unsigned threads) {
  Result<std::vector<FileResource>> resources = IdentifyFiles(files);
  if (!resources) Die(resources.error().message);
  std::vector<FileTarget> targets;
  for (uint32_t i = 0; i < resources->size(); ++i) {
    if (!(*resources)[i].at_registration) Die((*resources)[i].path + " is gone");
    targets.push_back({.identity = *(*resources)[i].at_registration, .file = i});
  }
  Result<HolderScan> scan = FindHolders(proc, targets, {.threads = threads});
  if (!scan) Die(scan.error().message);
  return std::move(*scan);
}

void Check(const ProcTree& proc, const Population& population,
           const std::vector<std::string>& files) {
  std::set<std::pair<std::string, pid_t>> told, truth;
  std::set<pid_t> pids;
  for (const Holding& h : Find(proc, files, 0).holdings) {
    told.emplace(files[h.file], h.process.pid);
    pids.insert(h.process.pid);
  }
  for (const std::string& file : files) {
    for (const pid_t pid : population.Holders(file)) truth.emplace(file, pid);
  }
  if (told != truth) Die(fmt::format("{} facts, expected {}", told.size(), truth.size()));
  std::istringstream fuser(Run(Command({"fuser"}, files)));
  for (pid_t pid; fuser >> pid;) {
    if (!pids.contains(pid)) Die(fmt::format("fuser alone names {}", pid));
  }
}

struct Row {
  std::string name;
  std::function<void()> work;
  std::vector<double> times;

  double median() {
    std::sort(times.begin(), times.end());
    return times[times.size() / 2];
  }
};

void Compare(const ProcTree& proc, const Population& population, int count,
             const std::vector<std::string>& files, bool lsof) {
  Check(proc, population, files);
  std::vector<Row> rows = {
      {"fuser", [&] { Run(Command({"fuser"}, files)); }, {}},
      {"FindHolders", [&] { Find(proc, files, 0); }, {}},
      {"FindHolders, 1 thread", [&] { Find(proc, files, 1); }, {}},
  };
  if (lsof) rows.push_back({"lsof -nPw", [&] { Run(Command({"lsof", "-nPw"}, files)); }, {}});
  // In turns, so that what else the machine does hits all alike.
  for (int round = 0; round < kRounds; ++round) {
    for (Row& row : rows) row.times.push_back(Milliseconds(row.work));
  }
  const double fuser = rows[0].median();
  for (Row& row : rows) {
    const double median = row.median();
    fmt::print("| {} | {} | {} | {:.1f} | {:.2f} |\n", count, files.size(), row.name, median,
               median / fuser);
  }
  fflush(stdout);
}

// One file against a thousand, in turns.
void CompareCounts(const ProcTree& proc, const std::vector<std::string>& one,
                   const std::vector<std::string>& many) {
  std::vector<Row> rows = {{"", [&] { Find(proc, one, 0); }, {}},
                           {"", [&] { Find(proc, many, 0); }, {}}};
  for (int round = 0; round < 3 * kRounds; ++round) {
    for (Row& row : rows) row.times.push_back(Milliseconds(row.work));
  }
  fmt::print("\n{} files take {:.2f} times as long as one.\n\n", many.size(),
             rows[1].median() / rows[0].median());
}

int Main(int argc, char** argv) {
  if (argc != 3) Die("bench-who DIRECTORY COUNT");
  const int count = atoi(argv[2]);
  const Population population(argv[1], count);
  const Result<ProcTree> proc = ProcTree::Open();
  if (!proc) Die(proc.error().message);
  std::vector<std::string> many;
  for (int i = 0; i < 950; ++i) many.push_back(population.File(i * 10));
  for (int i = 0; i < 50; ++i) many.push_back(population.Library(i * 4));

  fmt::print("| processes | files | | ms | x fuser |\n|---|---|---|---|---|\n");
  Compare(*proc, population, count, {population.File(0)}, true);
  Compare(*proc, population, count, {population.Library(0)}, true);
  Compare(*proc, population, count, many, true);
  CompareCounts(*proc, {population.File(0)}, many);
  return 0;
}

}  // namespace
}  // namespace rm::bench

int main(int argc, char** argv) { return rm::bench::Main(argc, argv); }
