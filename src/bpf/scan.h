// Which tasks may hold an object with one of these inode numbers? Asks the kernel by a program in
// it, which sees what no permission of /proc lets through, and opens nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <stop_token>

#include "base/result.h"
#include "bpf/scan_program.h"

namespace rm {

class KernelScan {
 public:
  // Called by several threads at once, each with its own `shard`, below RM_MOST_SHARDS. A number
  // that was not asked for may be among them; the same sighting may come twice.
  using Tell = std::function<void(unsigned shard, std::span<const RmSighting>)>;
  struct Options {
    unsigned threads = 1;
    bool directories = false;
    std::stop_token cancel;  // then what was told is not all
  };

  // Room for so many numbers. Takes some 10 ms, once. 5 and why: the caller lacks CAP_BPF
  // and CAP_PERFMON, the kernel is older than 6.7 or locked down, or it is not built in.
  static Result<KernelScan> Load(size_t numbers);
  KernelScan(KernelScan&& other) noexcept;
  KernelScan& operator=(KernelScan&& other) noexcept;
  ~KernelScan();

  // How many numbers there is room for; more make false alarms.
  size_t room() const { return program_.words; }
  // Looks at every task of the caller's pid namespace once. Waits for no file system. One at a
  // time.
  Result<void> Run(std::span<const uint64_t> numbers, const Options& options, const Tell& tell);

 private:
  explicit KernelScan(const RmScanProgram& program) : program_(program) {}

  RmScanProgram program_{};
};

}  // namespace rm
