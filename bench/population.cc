#include "bench/population.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "bench/measure.h"

namespace rm::bench {
namespace {

constexpr off_t kLibrarySize = 16 << 10;

void Require(bool ok, const char* what) {
  if (ok) return;
  perror(what);
  exit(1);
}

void CreateFile(const std::string& path, off_t size) {
  const UniqueFd fd(open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
  Require(fd && ftruncate(fd.get(), size) == 0, path.c_str());
}

// Starts a member with these for stdin and stdout, and nothing else of ours open.
pid_t StartMember(const std::vector<std::string>& files, const std::vector<std::string>& libraries,
                  int in, int out) {
  std::vector<std::string> words = {BENCH_MEMBER};
  words.insert(words.end(), files.begin(), files.end());
  words.push_back("--");
  words.insert(words.end(), libraries.begin(), libraries.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in, 0);
  posix_spawn_file_actions_adddup2(&actions, out, 1);
  pid_t child = 0;
  if (posix_spawn(&child, argv[0], &actions, nullptr, argv.data(), environ)) Die(words[0]);
  posix_spawn_file_actions_destroy(&actions);
  return child;
}

}  // namespace

Population::Population(std::string directory, int count, int opened)
    : directory_(std::move(directory)), opened_(opened) {
  CreateFiles();
  int ready[2], stay[2];
  Require(pipe2(ready, O_CLOEXEC) == 0 && pipe2(stay, O_CLOEXEC) == 0, "pipe2");
  const UniqueFd ready_in(ready[0]), stay_in(stay[0]);
  UniqueFd ready_out(ready[1]);
  stay_.Reset(stay[1]);
  for (int i = 0; i < count; ++i) Start(i, ready_out.get(), stay_in.get());
  ready_out.Reset();
  char byte;
  for (int i = 0; i < count; ++i) Require(read(ready_in.get(), &byte, 1) == 1, "a process failed");
}

Population::~Population() {
  stay_.Reset();
  for (const pid_t child : children_) waitpid(child, nullptr, 0);
  std::filesystem::remove_all(directory_);
}

std::string Population::File(int number) const {
  return fmt::format("{}/files/{}", directory_, number);
}

std::string Population::Library(int number) const {
  return fmt::format("{}/libraries/lib{}.so", directory_, number);
}

void Population::CreateFiles() {
  std::filesystem::create_directories(directory_ + "/files");
  std::filesystem::create_directories(directory_ + "/libraries");
  for (int i = 0; i < kFiles; ++i) CreateFile(File(i), 4096);
  for (int i = 0; i < kLibraries; ++i) CreateFile(Library(i), kLibrarySize);
  for (int i = 0; i < kFiles; ++i) truth_[File(i)];
  for (int i = 0; i < kLibraries; ++i) truth_[Library(i)];
}

void Population::Start(int number, int ready, int stay) {
  // Spread evenly, the same in every run.
  std::vector<std::string> open_files, libraries;
  for (int i = 0; i < opened_; ++i) open_files.push_back(File((number * 37 + i * 101) % kFiles));
  for (int i = 0; i < kMapped; ++i) libraries.push_back(Library((number + i * 19) % kLibraries));
  const pid_t child = StartMember(open_files, libraries, stay, ready);
  children_.push_back(child);
  for (const std::string& file : open_files) truth_[file].insert(child);
  for (const std::string& library : libraries) truth_[library].insert(child);
}

}  // namespace rm::bench
