// What the kernel saw may be over when /proc is asked about it.
#include "machine/sightings.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <vector>

#include "holder/holder.h"
#include "procfs/identity.h"

namespace rm {
namespace {

using test::Holder;

int NumberOf(const Holder& holder, const std::string& file) {
  const std::string fds = "/proc/" + std::to_string(holder.pid()) + "/fd";
  for (const auto& entry : std::filesystem::directory_iterator(fds))
    if (std::filesystem::read_symlink(entry.path()) == file)
      return std::stoi(entry.path().filename());
  return -1;
}

RmSighting Descriptor(const Holder& holder, int number, uint64_t ino) {
  return {.pid = static_cast<uint32_t>(holder.pid()),
          .tid = static_cast<uint32_t>(holder.pid()),
          .object = 1,
          .ino = ino,
          .at = static_cast<uint64_t>(number),
          .kind = kRmSightingDescriptor};
}

TEST(SightingsTest, WhoHasAnotherFileByNowDoesNotDecideForTheOthers) {
  const ProcTree proc = std::move(*ProcTree::Open());
  const test::TemporaryDirectory at;
  const std::string before = at.Write("before"), other = at.Write("other");
  const Holder closed({"--open", other}), holder({"--open", before});
  const FileTarget target{.identity = *IdentifyFile(before)->at_registration, .previous = true};
  const TargetSet targets(std::span(&target, 1));
  Sightings seen(proc, targets);
  seen.Add(std::vector{Descriptor(closed, NumberOf(closed, other), target.identity.ino),
                       Descriptor(holder, NumberOf(holder, before), target.identity.ino)});
  std::vector<pid_t> holders;
  for (const Holding& found : seen.Judge().holdings) holders.push_back(found.process.pid);
  EXPECT_THAT(holders, testing::Contains(holder.pid()));
}

}  // namespace
}  // namespace rm
