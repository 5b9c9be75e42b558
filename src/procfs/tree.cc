#include "procfs/tree.h"

#include <algorithm>
#include <set>
#include <utility>

#include "procfs/far_walk.h"
#include "procfs/mounts.h"
#include "procfs/tree_walker.h"

namespace rm {
namespace {

// Where something is mounted that a server answers for, by device.
std::set<uint64_t> DevicesOf(const std::vector<MountLine>& mounts,
                             const std::vector<std::string>& points) {
  std::set<uint64_t> devices;
  for (const MountLine& mount : mounts)
    if (std::ranges::count(points, mount.point)) devices.insert(mount.dev);
  return devices;
}

class Walk final : public TreeSink {
 public:
  Walk(const std::string& root, const TreeOptions& options) : Walk(root, options, ReadMounts()) {}
  Walk(const std::string& root, const TreeOptions& options, const std::vector<MountLine>& mounts)
      : options_(options), walker_(root, options, Automounts(mounts)) {
    const std::vector<std::string> points = ServedPoints(mounts);
    served_ = DevicesOf(mounts, points);
    near_root_ = IsElsewhere(root, points);
  }

  Result<TreeWalk> Run() {
    using Way = TreeWalker::Way;
    if (near_root_) {
      auto opened = walker_.OpenRoot(served_.empty() ? Way::kAny : Way::kNear, *this);
      if (!opened) return Pass(std::move(opened));
      near_root_ = *opened;
    }
    (near_root_ ? near_ : far_).push_back({});
    while (!near_.empty()) {
      const TreePlace place = std::move(near_.back());
      near_.pop_back();
      if (auto looked = walker_.LookInto(place, *this); !looked) return Pass(std::move(looked));
    }
    if (!far_.empty())
      if (auto looked = WalkFar(walker_, std::move(far_), options_, *this); !looked)
        return Pass(std::move(looked));
    return std::move(walk_);
  }

  void Found(TreeEntry entry) override { walk_.entries.push_back(std::move(entry)); }
  void Enter(TreePlace place) override {
    const bool far = place.mounted && served_.contains(place.dev);
    (far ? far_ : near_).push_back(std::move(place));
  }
  void Skip(Skipped skipped) override { walk_.skipped.push_back(std::move(skipped)); }

 private:
  const TreeOptions& options_;
  TreeWalker walker_;
  std::set<uint64_t> served_;
  bool near_root_ = true;  // it leads over no mount with a server
  std::vector<TreePlace> near_, far_;
  TreeWalk walk_;
};

}  // namespace

Result<TreeWalk> WalkTree(const std::string& root, const TreeOptions& options) {
  return Walk(root, options).Run();
}

}  // namespace rm
