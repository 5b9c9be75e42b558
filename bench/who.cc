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
#include "machine/holder_finder.h"
#include "procfs/identity.h"

namespace rm::bench {
namespace {

constexpr int kRounds = 5;
constexpr size_t kMostForOthers = 1000;  // files: beyond, fuser and lsof take minutes

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

// Asks one back end, identifying the files included.
class Asker {
 public:
  explicit Asker(const ProcTree& proc) : finder_(proc) {}

  HolderScan Find(const std::vector<std::string>& files, Backend backend, unsigned threads) {
    Result<std::vector<FileResource>> resources = IdentifyFiles(files);
    if (!resources) Die(resources.error().message);
    std::vector<FileTarget> targets;
    for (uint32_t i = 0; i < resources->size(); ++i) {
      if (!(*resources)[i].at_registration) Die((*resources)[i].path + " is gone");
      targets.push_back({.identity = *(*resources)[i].at_registration,
                         .file = i,
                         .handles = (*resources)[i].handles});
    }
    Result<HolderScan> scan = finder_.Find(targets, {.threads = threads}, backend);
    if (!scan) Die(scan.error().message);
    return std::move(*scan);
  }
  void Load() {
    if (const auto loaded = finder_.Load(Population::kFiles); !loaded) Die(loaded.error().message);
  }

 private:
  HolderFinder finder_;
};

void Check(Asker& asker, const Population& population, const std::vector<std::string>& files) {
  std::set<std::pair<std::string, pid_t>> told, truth;
  std::set<pid_t> pids;
  const std::vector<Holding> holdings = asker.Find(files, Backend::kProc, 0).holdings;
  for (const Holding& h : holdings) {
    told.emplace(files[h.file], h.process.pid);
    pids.insert(h.process.pid);
  }
  if (asker.Find(files, Backend::kBpf, 0).holdings != holdings) Die("the back ends disagree");
  for (const std::string& file : files) {
    for (const pid_t pid : population.Holders(file)) truth.emplace(file, pid);
  }
  if (told != truth) Die(fmt::format("{} facts, expected {}", told.size(), truth.size()));
  if (files.size() > kMostForOthers) return;
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

void Compare(Asker& asker, const Population& population, int count, const char* question,
             const std::vector<std::string>& files) {
  Check(asker, population, files);
  const auto ask = [&](Backend backend, unsigned threads) {
    return [&asker, &files, backend, threads] { asker.Find(files, backend, threads); };
  };
  std::vector<Row> rows = {
      {"BPF, nothing looked for", [&] { asker.Find({}, Backend::kBpf, 1); }, {}},
      {"BPF, 1 thread", ask(Backend::kBpf, 1), {}},
      {"BPF, 2 threads", ask(Backend::kBpf, 2), {}},
      {"/proc, 1 thread", ask(Backend::kProc, 1), {}},
      {"/proc, 2 threads", ask(Backend::kProc, 2), {}},
  };
  if (files.size() <= kMostForOthers) {
    rows.push_back({"fuser", [&] { Run(Command({"fuser"}, files)); }, {}});
    rows.push_back({"lsof -nPw", [&] { Run(Command({"lsof", "-nPw"}, files)); }, {}});
  }
  // In turns, so that what else the machine does hits all alike.
  for (int round = 0; round < kRounds; ++round) {
    for (Row& row : rows) row.times.push_back(Milliseconds(row.work));
  }
  const double one = rows[1].median();
  for (Row& row : rows) {
    const double median = row.median();
    fmt::print("| {} | {} | {} | {:.1f} | {:.1f} |\n", count, question, row.name, median,
               median / one);
  }
  fflush(stdout);
}

int Main(int argc, char** argv) {
  if (argc != 3) Die("bench-who DIRECTORY COUNT");
  const int count = atoi(argv[2]);
  const Population population(argv[1], count);
  const Result<ProcTree> proc = ProcTree::Open();
  if (!proc) Die(proc.error().message);
  Asker asker(*proc);
  std::vector<double> loads;
  for (int i = 0; i < kRounds; ++i) {
    Asker fresh(*proc);
    loads.push_back(Milliseconds([&] { fresh.Load(); }));
  }
  asker.Load();
  std::sort(loads.begin(), loads.end());
  fmt::print("To load the BPF program: {:.1f} ms, once.\n\n", loads[loads.size() / 2]);

  std::vector<std::string> ten, many, all;
  for (int i = 0; i < 10; ++i) ten.push_back(population.Library(i));
  for (int i = 0; i < 950; ++i) many.push_back(population.File(i * 10));
  for (int i = 0; i < 50; ++i) many.push_back(population.Library(i * 4));
  for (int i = 0; i < Population::kFiles; ++i) all.push_back(population.File(i));
  fmt::print("| processes | question | | ms | x BPF, 1 thread |\n|---|---|---|---|---|\n");
  Compare(asker, population, count, "1 file", {population.File(0)});
  Compare(asker, population, count, "10 libraries", ten);
  Compare(asker, population, count, "1000 files", many);
  Compare(asker, population, count, "10000 files", all);
  return 0;
}

}  // namespace
}  // namespace rm::bench

int main(int argc, char** argv) { return rm::bench::Main(argc, argv); }
