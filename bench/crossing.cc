// From how many processes on is it worth loading the BPF program for one question?
//   bench-crossing DIRECTORY DESCRIPTORS
//
// Both back ends grow evenly with the processes; the program has to be loaded besides. Prints what
// was measured, and where the two lines cross.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

#include "bench/asker.h"
#include "bench/measure.h"
#include "bench/population.h"

namespace rm::bench {
namespace {

constexpr int kRounds = 9;
constexpr int kCounts[] = {10, 20, 40, 80, 160};

struct Line {
  double start = 0, slope = 0;
};

// Least squares.
Line Fit(const std::vector<std::pair<double, double>>& points) {
  double n = 0, x = 0, y = 0, xx = 0, xy = 0;
  for (const auto& [px, py] : points) {
    n += 1;
    x += px;
    y += py;
    xx += px * px;
    xy += px * py;
  }
  const double slope = (n * xy - x * y) / (n * xx - x * x);
  return {(y - slope * x) / n, slope};
}

int Main(int argc, char** argv) {
  if (argc != 3) Die("bench-crossing DIRECTORY DESCRIPTORS");
  const Result<ProcTree> proc = ProcTree::Open();
  if (!proc) Die(proc.error().message);
  std::vector<std::pair<double, double>> by_proc, by_bpf;
  fmt::print("| processes | /proc | BPF, with loading it |\n|---|---|---|\n");
  for (const int count : kCounts) {
    const Population population(argv[1], count, atoi(argv[2]));
    const std::vector<std::string> files{population.File(0)};
    std::vector<double> asked, loaded;
    for (int round = 0; round < kRounds; ++round) {
      Asker asker(*proc), fresh(*proc);
      asked.push_back(Milliseconds([&] { asker.Find(files, Backend::kProc, 0); }));
      loaded.push_back(Milliseconds([&] { fresh.Find(files, Backend::kBpf, 0); }));
    }
    by_proc.emplace_back(count, Median(asked));
    by_bpf.emplace_back(count, Median(loaded));
    fmt::print("| {} | {:.1f} | {:.1f} |\n", count, Median(asked), Median(loaded));
    fflush(stdout);
  }
  const Line a = Fit(by_proc), b = Fit(by_bpf);
  fmt::print("\n{} descriptors each: as fast as each other with {:.0f} processes.\n", argv[2],
             (b.start - a.start) / (a.slope - b.slope));
  return 0;
}

}  // namespace
}  // namespace rm::bench

int main(int argc, char** argv) { return rm::bench::Main(argc, argv); }
