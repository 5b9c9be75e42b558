// How long does "who uses these files?" take, beside fuser and lsof?  bench-who DIRECTORY COUNT
//
// Checks the answers first. Prints lines "processes,question,tool,ms"; bench/who_chart.py makes a
// table and a chart of them.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <set>
#include <sstream>

#include "bench/asker.h"
#include "bench/bare_visit.h"
#include "bench/measure.h"
#include "bench/population.h"

namespace rm::bench {
namespace {

constexpr int kRounds = 5;
constexpr size_t kMostForOthers = 1000;  // files: beyond, fuser and lsof take minutes

std::vector<std::string> Command(std::vector<std::string> words,
                                 const std::vector<std::string>& files) {
  words.insert(words.end(), files.begin(), files.end());
  return words;
}

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
  std::istringstream fuser(RunProgram(Command({"fuser"}, files)).output);
  for (pid_t pid; fuser >> pid;) {
    if (!pids.contains(pid)) Die(fmt::format("fuser alone names {}", pid));
  }
}

struct Row {
  std::string name;
  std::function<void()> work;
  std::vector<double> times;
};

void Tell(int count, const std::string& question, const std::string& tool,
          const std::vector<double>& times) {
  fmt::print("{},{},\"{}\",{:.1f}\n", count, question, tool, Median(times));
  fflush(stdout);
}

void Compare(Asker& asker, const Population& population, int count, const char* question,
             const std::vector<std::string>& files) {
  Check(asker, population, files);
  const auto ask = [&](Backend backend, unsigned threads) {
    return [&asker, &files, backend, threads] { asker.Find(files, backend, threads); };
  };
  std::vector<Row> rows = {
      {"BPF floor", [&] { asker.Find({}, Backend::kBpf, 1); }, {}},
      {"BPF", ask(Backend::kBpf, 1), {}},
      {"BPF, 2 threads", ask(Backend::kBpf, 2), {}},
      {"/proc floor", [] { VisitProc(1); }, {}},
      {"/proc", ask(Backend::kProc, 1), {}},
      {"/proc floor, 2 threads", [] { VisitProc(2); }, {}},
      {"/proc, 2 threads", ask(Backend::kProc, 2), {}},
  };
  if (files.size() <= kMostForOthers) {
    rows.push_back({"fuser", [&] { RunProgram(Command({"fuser"}, files)); }, {}});
    rows.push_back({"lsof -nPw", [&] { RunProgram(Command({"lsof", "-nPw"}, files)); }, {}});
  }
  // In turns, so that what else the machine does hits all alike.
  for (int round = 0; round < kRounds; ++round) {
    for (Row& row : rows) row.times.push_back(Milliseconds(row.work));
  }
  for (const Row& row : rows) Tell(count, question, row.name, row.times);
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
    loads.push_back(Milliseconds([&] { fresh.Load(Population::kFiles); }));
  }
  asker.Load(Population::kFiles);
  Tell(count, "to load it once", "BPF", loads);

  std::vector<std::string> ten, many, all;
  for (int i = 0; i < 10; ++i) ten.push_back(population.Library(i));
  for (int i = 0; i < 950; ++i) many.push_back(population.File(i * 10));
  for (int i = 0; i < 50; ++i) many.push_back(population.Library(i * 4));
  for (int i = 0; i < Population::kFiles; ++i) all.push_back(population.File(i));
  const double others = ProcessorSecondsOfOthers();
  const double milliseconds = Milliseconds([&] {
    Compare(asker, population, count, "1 file", {population.File(0)});
    Compare(asker, population, count, "10 libraries", ten);
    Compare(asker, population, count, "1000 files", many);
    Compare(asker, population, count, "10000 files", all);
  });
  fmt::print("# with {} processes others used {:.2f} of a processor meanwhile\n", count,
             (ProcessorSecondsOfOthers() - others) * 1000 / milliseconds);
  return 0;
}

}  // namespace
}  // namespace rm::bench

int main(int argc, char** argv) { return rm::bench::Main(argc, argv); }
