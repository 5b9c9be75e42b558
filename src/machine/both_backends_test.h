// Do both back ends tell the same? What the tests of the two share.
#pragma once

#include <gmock/gmock.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "holder/holder.h"
#include "holder/in_child.h"
#include "machine/holder_finder.h"
#include "procfs/identity.h"
#include "procfs/process.h"

namespace rm {

inline void PrintTo(const Holding& h, std::ostream* out) {
  *out << "{pid " << h.process.pid << " since " << h.process.start_ticks << " kind "
       << static_cast<int>(h.kind) << " file " << h.file << " fd " << h.fd
       << (h.previous_content ? " previous" : "") << "}";
}

inline FileTarget Target(const std::string& path, uint32_t number = 0) {
  const Result<FileResource> file = IdentifyFile(path);
  EXPECT_TRUE(file && file->at_registration) << path;
  return {.identity = file->at_registration.value_or(FileIdentity{}), .file = number};
}

class BothBackendsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (auto loaded = finder_.Load(1); !loaded)
      GTEST_SKIP() << "lacks BPF: " << loaded.error().message;
  }

  HolderScan Find(std::vector<FileTarget> targets, Backend backend, unsigned threads = 2) {
    auto found = finder_.Find(targets, {.threads = threads, .directories = true}, backend);
    EXPECT_TRUE(found) << found.error().message;
    return found.value_or(HolderScan{});
  }
  // What both tell, which is the same.
  std::vector<Holding> Agreed(const std::vector<FileTarget>& targets) {
    const HolderScan proc = Find(targets, Backend::kProc), kernel = Find(targets, Backend::kBpf);
    EXPECT_EQ(kernel.holdings, proc.holdings);
    EXPECT_EQ(kernel.kernel_uses, proc.kernel_uses);
    EXPECT_THAT(Ours(kernel.unreadable), testing::IsSubsetOf(Ours(proc.unreadable)));
    return proc.holdings;
  }
  // Those that the test has started: others come and go between two looks.
  std::vector<ProcessId> Ours(std::vector<ProcessId> processes) {
    std::erase_if(processes, [&](const ProcessId& process) {
      if (getpid() == 1 || process.pid == getpid()) return false;
      const auto above = Ancestors(proc_, process.pid);
      EXPECT_TRUE(above);
      return above && std::ranges::count(*above, getpid(), &ProcessId::pid) == 0;
    });
    return processes;
  }
  std::string MakeDirectory(const std::string& name) {
    std::filesystem::create_directory(at_.path() + "/" + name);
    return at_.path() + "/" + name;
  }
  std::string CopyProgram(const std::string& name) {
    std::filesystem::copy_file(test::HolderProgram(), at_.path() + "/" + name);
    return at_.path() + "/" + name;
  }

  ProcTree proc_ = std::move(*ProcTree::Open());
  HolderFinder finder_{proc_};
  test::TemporaryDirectory at_;
};

}  // namespace rm
