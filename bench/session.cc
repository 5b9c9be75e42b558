// What does a session cost its caller?  bench-session DIRECTORY
//
// Through the C ABI, with a store and files of its own in the directory. Prints the rows of a
// markdown table. Fails when a call does.
#include <fcntl.h>
#include <fmt/format.h>
#include <restartmanager.h>
#include <restartmanagerx.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

namespace rm::bench {
namespace {

constexpr int kRounds = 15;
constexpr int kSessions = 500;
constexpr int kFiles = 10'000;
constexpr int kProcesses = 10;
constexpr int kTurns = 200;

void Check(DWORD code, const char* what) {
  if (code == ERROR_SUCCESS) return;
  fmt::print(stderr, "bench-session: {} gives {}: {}\n", what, code, RmxGetErrorText());
  exit(1);
}

// In microseconds.
struct Time {
  double passed;
  double processor;  // of this process, its children not included
};

double Microseconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

Time Measure(const std::function<void()>& work) {
  const double begin = Microseconds(CLOCK_MONOTONIC);
  const double used = Microseconds(CLOCK_PROCESS_CPUTIME_ID);
  work();
  return {Microseconds(CLOCK_MONOTONIC) - begin, Microseconds(CLOCK_PROCESS_CPUTIME_ID) - used};
}

double Median(const std::vector<Time>& rounds, double Time::*which) {
  std::vector<double> values;
  for (const Time& round : rounds) values.push_back(round.*which);
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// What others do on the machine makes the time that passes longer; that of the processor hardly.
void Row(const std::string& what, const std::vector<Time>& rounds, const char* unit, double scale) {
  double best = rounds.front().passed;
  for (const Time& round : rounds) best = std::min(best, round.passed);
  fmt::print("| {} | {:.1f} {} | {:.1f} {} | {:.1f} {} |\n", what, best / scale, unit,
             Median(rounds, &Time::passed) / scale, unit, Median(rounds, &Time::processor) / scale,
             unit);
}

DWORD Start() {
  DWORD session = 0;
  WCHAR key[CCH_RM_SESSION_KEY + 1];
  Check(RmStartSession(&session, 0, key), "RmStartSession");
  return session;
}

void StartAndEnd() {
  std::vector<Time> rounds;
  for (int round = 0; round < kRounds; ++round)
    rounds.push_back(Measure([] {
      for (int i = 0; i < kSessions; ++i) Check(RmEndSession(Start()), "RmEndSession");
    }));
  Row("start and end a session", rounds, "us", kSessions);
}

std::vector<std::string> MakeFiles(const std::string& directory) {
  std::vector<std::string> paths;
  for (int i = 0; i < kFiles; ++i) {
    paths.push_back(fmt::format("{}/library-{}.so", directory, i));
    const int file = open(paths.back().c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (file < 0) Check(ERROR_WRITE_FAULT, paths.back().c_str());
    close(file);
  }
  return paths;
}

// UTF-16 as installers pass it.
void RegisterFiles(const std::vector<std::string>& paths) {
  std::vector<std::u16string> texts;
  std::vector<LPCWSTR> names;
  for (const std::string& path : paths) texts.emplace_back(path.begin(), path.end());
  for (const std::u16string& text : texts) names.push_back(text.c_str());
  std::vector<Time> rounds;
  for (int round = 0; round < kRounds; ++round) {
    const DWORD session = Start();
    rounds.push_back(Measure([&] {
      Check(RmRegisterResources(session, static_cast<UINT>(names.size()), names.data(), 0, nullptr,
                                0, nullptr),
            "RmRegisterResources");
    }));
    Check(RmEndSession(session), "RmEndSession");
  }
  Row(fmt::format("register {} files in one call, their identity included", kFiles), rounds, "ms",
      1000);
}

// Every process of ten starts, registers ten files, and ends; any failure, a timeout too, is told.
void InTenProcesses(const std::vector<std::string>& paths) {
  std::vector<Time> rounds;
  for (int round = 0; round < 5; ++round)
    rounds.push_back(Measure([&] {
      for (int i = 0; i < kProcesses; ++i) {
        if (fork() != 0) continue;
        std::vector<const char*> names;
        for (int k = 0; k < 10; ++k)
          names.push_back(paths[static_cast<size_t>(10 * i + k)].c_str());
        for (int turn = 0; turn < kTurns; ++turn) {
          const DWORD session = Start();
          Check(RmxRegisterResources(session, 10, names.data(), 0, nullptr, 0, nullptr),
                "RmxRegisterResources");
          Check(RmEndSession(session), "RmEndSession");
        }
        _exit(0);
      }
      int status = 0;
      while (wait(&status) > 0)
        if (status != 0) exit(1);
    }));
  Row(fmt::format("{} processes at once, {} times each: start, register 10 files, end; "
                  "none waits in vain",
                  kProcesses, kTurns),
      rounds, "ms", 1000);
}

}  // namespace
}  // namespace rm::bench

int main(int argc, char** argv) {
  using namespace rm::bench;
  if (argc != 2) return fmt::print(stderr, "usage: bench-session DIRECTORY\n"), 2;
  setenv("RESTART_MANAGER_DIR", (std::string(argv[1]) + "/store").c_str(), 1);
  fmt::print("| | best | median | processor, median |\n|---|---|---|---|\n");
  StartAndEnd();
  const auto paths = MakeFiles(argv[1]);
  RegisterFiles(paths);
  fflush(stdout);
  InTenProcesses(paths);
}
