#include "bench/asker.h"

#include "bench/measure.h"
#include "procfs/identity.h"

namespace rm::bench {

HolderScan Asker::Find(const std::vector<std::string>& files, Backend backend, unsigned threads) {
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

void Asker::Load(size_t numbers) {
  if (const auto loaded = finder_.Load(numbers); !loaded) Die(loaded.error().message);
}

}  // namespace rm::bench
