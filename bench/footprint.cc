// How much memory does the question take, and how long until the work begins?
//   bench-footprint DIRECTORY RESTARTCTL CALLER
//
// With 500 processes that have 500 descriptors each. Asked by restartctl, and by CALLER (caller.c),
// a program that has the library in it. Prints the rows of a markdown table.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "bench/measure.h"
#include "bench/population.h"

namespace rm::bench {
namespace {

constexpr int kProcesses = 500;
constexpr int kDescriptors = 500;
constexpr int kRounds = 9;

// The population, in a process of its own, so that this one stays small: what RunProgram tells of
// memory is never below that. It ends with this object.
class Elsewhere {
 public:
  explicit Elsewhere(const std::string& directory) {
    int ready[2], stay[2];
    if (pipe2(ready, O_CLOEXEC) || pipe2(stay, O_CLOEXEC)) Die("pipe2");
    const UniqueFd ready_in(ready[0]), ready_out(ready[1]), stay_in(stay[0]);
    stay_.Reset(stay[1]);
    child_ = fork();
    if (child_ < 0) Die("fork");
    if (child_ == 0) {
      stay_.Reset();
      Populate(directory, ready_out.get(), stay_in.get());
      _exit(0);
    }
    char path[PATH_MAX];
    const ssize_t got = read(ready_in.get(), path, sizeof path);
    if (got <= 1) Die("the population does not get ready");
    file_.assign(path, static_cast<size_t>(got));
  }
  ~Elsewhere() {
    stay_.Reset();
    waitpid(child_, nullptr, 0);
  }
  Elsewhere(const Elsewhere&) = delete;
  Elsewhere& operator=(const Elsewhere&) = delete;

  // Which 25 of them have open.
  const std::string& file() const { return file_; }

 private:
  // Tells the path, or one byte, and stays until it may go.
  static void Populate(const std::string& directory, int ready, int stay) {
    const Population population(directory, kProcesses, kDescriptors);
    const std::string path = population.File(0);
    char byte;
    if (write(ready, path.data(), path.size()) > 0)
      while (read(stay, &byte, 1) > 0) {
      }
  }

  UniqueFd stay_;
  pid_t child_ = -1;
  std::string file_;
};

struct Seen {
  std::vector<double> begun, ended;  // in ms
  long peak_kib = 0;
};

std::string Nanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::to_string(now.tv_sec * 1'000'000'000 + now.tv_nsec);
}

// `words` of the program, made anew each time. One that prints tells when it began, and its peak.
Seen Watch(const std::function<std::vector<std::string>()>& words, bool prints) {
  Seen seen;
  for (int round = 0; round < kRounds; ++round) {
    Ended ended;
    seen.ended.push_back(Milliseconds([&] { ended = RunProgram(words()); }));
    if (ended.status != 0) Die(words()[0] + " fails");
    double begun = 0;
    if (prints && sscanf(ended.output.c_str(), "%lf %ld", &begun, &ended.peak_kib) != 2)
      Die(words()[0] + " says: " + ended.output);
    if (prints) seen.begun.push_back(begun);
    seen.peak_kib = std::max(seen.peak_kib, ended.peak_kib);
  }
  return seen;
}

void Tell(const char* what, const char* backend, const Seen& seen) {
  const std::string begun = seen.begun.empty() ? "" : fmt::format("{:.1f}", Median(seen.begun));
  fmt::print("| {} | {} | {:.1f} | {} | {:.1f} |\n", what, backend,
             static_cast<double>(seen.peak_kib) / 1024, begun, Median(seen.ended));
  fflush(stdout);
}

int Main(int argc, char** argv) {
  if (argc != 4) Die("bench-footprint DIRECTORY RESTARTCTL CALLER");
  const std::string restartctl = argv[2], caller = argv[3];
  const Elsewhere population(argv[1]);
  const std::string& file = population.file();
  fmt::print("| | back end | peak memory, MiB | the work begins after, ms | in all, ms |\n");
  fmt::print("|---|---|---|---|---|\n");
  using Words = std::vector<std::string>;
  Tell("restartctl --version", "", Watch([&] { return Words{restartctl, "--version"}; }, false));
  for (const char* backend : {"proc", "bpf"}) {
    setenv("RESTART_MANAGER_BACKEND", backend, 1);
    Tell("restartctl who FILE", backend,
         Watch(
             [&] {
               return Words{restartctl, "who", file};
             },
             false));
    Tell("a program with the library", backend,
         Watch(
             [&] {
               return Words{caller, file, Nanoseconds()};
             },
             true));
  }
  return 0;
}

}  // namespace
}  // namespace rm::bench

int main(int argc, char** argv) { return rm::bench::Main(argc, argv); }
