// What is mounted, and what has which name, here and in the mount namespaces of others?
#pragma once

#include <sys/stat.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "procfs/parse.h"
#include "procfs/proc_tree.h"

namespace rm {

struct MountSpace {
  pid_t pid = 0;  // one who lives there; 0: it is ours
  UniqueFd process;
  UniqueFd root;
  std::string inside = "/";  // what its root is called there
};

// 0 or an errno. The object of a name as the kernel prints it for us, which is from our root or
// from that of the other namespace. Looked for in the kernel's cache of names alone.
int OpenPrinted(const MountSpace& space, const std::string& path, UniqueFd& object);

class MountSpaces {
 public:
  explicit MountSpaces(const ProcTree& proc);

  const MountSpace& Ours() const { return ours_; }
  // Read when they are asked for the first time. One in which nobody lives is not among them.
  const std::vector<MountSpace>& Others();
  // As its root shows them. To read those of hundreds of containers takes longer than all else.
  std::vector<MountLine> MountsOf(const MountSpace& space) const;

  struct Named {
    const MountSpace* space;
    UniqueFd object;
    struct statx status;  // kWanted
  };
  static constexpr unsigned kWanted = STATX_BASIC_STATS | STATX_BTIME;
  static std::optional<Named> FindIn(const MountSpace& space, const std::string& path,
                                     const std::function<bool(const Named&)>& is_it);
  // The first one of that name which is it.
  std::optional<Named> Find(const std::string& path,
                            const std::function<bool(const Named&)>& is_it);

 private:
  const ProcTree& proc_;
  MountSpace ours_;
  std::vector<MountLine> our_mounts_;
  std::optional<std::vector<MountSpace>> others_;
};

}  // namespace rm
