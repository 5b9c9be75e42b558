#include "bench/population.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace rm::bench {
namespace {

constexpr off_t kLibrarySize = 16 << 10;
constexpr size_t kPage = 4096;

void Require(bool ok, const char* what) {
  if (ok) return;
  perror(what);
  exit(1);
}

void CreateFile(const std::string& path, off_t size) {
  const UniqueFd fd(open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
  Require(fd && ftruncate(fd.get(), size) == 0, path.c_str());
}

// As the loader does it: pieces of different protection, so that they stay apart.
void MapInPieces(const std::string& path) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  void* at = mmap(nullptr, kLibrarySize, PROT_READ, MAP_PRIVATE, fd.get(), 0);
  Require(fd && at != MAP_FAILED, path.c_str());
  char* bytes = static_cast<char*>(at);
  mprotect(bytes + kPage, kPage, PROT_READ | PROT_EXEC);
  mprotect(bytes + 3 * kPage, kPage, PROT_READ | PROT_WRITE);
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
  for (int i = 0; i < kFiles; ++i) CreateFile(File(i), kPage);
  for (int i = 0; i < kLibraries; ++i) CreateFile(Library(i), kLibrarySize);
  for (int i = 0; i < kFiles; ++i) truth_[File(i)];
  for (int i = 0; i < kLibraries; ++i) truth_[Library(i)];
}

void Population::Start(int number, int ready, int stay) {
  // Spread evenly, the same in every run.
  std::vector<std::string> open_files, libraries;
  for (int i = 0; i < opened_; ++i) open_files.push_back(File((number * 37 + i * 101) % kFiles));
  for (int i = 0; i < kMapped; ++i) libraries.push_back(Library((number + i * 19) % kLibraries));
  const pid_t child = fork();
  Require(child >= 0, "fork");
  if (child == 0) {
    stay_.Reset();
    for (const std::string& file : open_files) {
      Require(open(file.c_str(), O_RDONLY | O_CLOEXEC) >= 0, file.c_str());
    }
    for (const std::string& library : libraries) MapInPieces(library);
    char byte = 'r';
    Require(write(ready, &byte, 1) == 1, "ready");
    close(ready);
    while (read(stay, &byte, 1) > 0) {
    }
    _exit(0);
  }
  children_.push_back(child);
  for (const std::string& file : open_files) truth_[file].insert(child);
  for (const std::string& library : libraries) truth_[library].insert(child);
}

}  // namespace rm::bench
