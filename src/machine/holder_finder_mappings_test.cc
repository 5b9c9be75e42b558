// Are all mappings seen, however many a process has, and while it changes them? On the live kernel.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <vector>

#include "machine/both_backends_test.h"

namespace rm {
namespace {

using test::Holder;

class MappingsTest : public BothBackendsTest {
 protected:
  // So many files.
  std::vector<std::string> Write(size_t count) {
    std::vector<std::string> files;
    for (size_t i = 0; i < count; ++i) files.push_back(at_.Write(std::to_string(i)));
    return files;
  }
};

std::vector<std::string> Mapping(std::span<const std::string> files) {
  std::vector<std::string> how;
  for (const std::string& file : files) how.insert(how.end(), {"--map", file});
  return how;
}

TEST_F(MappingsTest, AnyNumberOfThem) {
  const std::vector<std::string> files = Write(50);
  std::vector<FileTarget> targets;
  std::vector<Holder> holders;
  for (uint32_t i = 0; i < files.size(); ++i) {
    targets.push_back(Target(files[i], i));
    holders.emplace_back(Mapping(std::span(files).first(i + 1)));
  }
  EXPECT_EQ(Agreed(targets).size(), 50u * 51 / 2);
}

TEST_F(MappingsTest, SomeOfVeryMany) {
  const std::vector<std::string> files = Write(2000);
  const Holder holder(Mapping(files));
  std::vector<FileTarget> targets;
  for (uint32_t i = 0; i < files.size(); i += 20) targets.push_back(Target(files[i], i));
  EXPECT_EQ(Agreed(targets).size(), targets.size());
}

// Maps and unmaps without end what lies around the one that stays.
[[noreturn]] void ChangeWithoutEnd(const std::string& file, int ready) {
  const int held = open(file.c_str(), O_RDONLY | O_CLOEXEC);
  const long page = sysconf(_SC_PAGESIZE);
  const auto map = [&](int protection) {
    return mmap(nullptr, page, protection, MAP_PRIVATE, held, 0);
  };
  if (map(PROT_READ) == MAP_FAILED || write(ready, "", 1) != 1) _exit(1);
  std::vector<void*> others(60);
  for (;;) {
    for (size_t i = 0; i < others.size(); ++i)
      others[i] =
          mmap(nullptr, page, i % 2 ? PROT_READ : PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (void* other : others) munmap(other, page);
  }
}

TEST_F(MappingsTest, WhileTheyChange) {
  const std::string file = at_.Write("file");
  int ready[2];
  ASSERT_EQ(pipe2(ready, O_CLOEXEC), 0);
  const pid_t child = fork();
  if (child == 0) ChangeWithoutEnd(file, ready[1]);
  char byte = 0;
  EXPECT_EQ(read(ready[0], &byte, 1), 1);
  const FileTarget target = Target(file);
  int found = 0;
  for (int i = 0; i < 300; ++i)
    for (const Holding& h : Find({target}, Backend::kBpf).holdings)
      found += h.process.pid == child && h.kind == HoldKind::kMapping;
  EXPECT_EQ(found, 300);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  close(ready[0]);
  close(ready[1]);
}

}  // namespace
}  // namespace rm
