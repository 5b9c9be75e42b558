// Which file of which layer does an object of an overlay show?
#pragma once

#include <sys/stat.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "model/resource.h"
#include "procfs/by_handle.h"
#include "procfs/parse.h"

namespace rm {

// How an object was met: `name` is a magic link (fd/3, exe) in the directory that leads to it, or
// "" for the descriptor itself.
struct Met {
  int directory = -1;
  const char* name = "";
  int process = -1;  // /proc/PID of whom it was met at; -1: the caller
};

class Layers {
 public:
  enum class Wait { kMay, kMayNot };

  // kMayNot: asks only the kernel's cache of names, in which what is in use is.
  explicit Layers(Wait wait) : wait_(wait) {}

  struct Bottom {
    ObjectHandle handle;  // none: its file system has no handles
    struct statx status;
    bool attributes_only;  // it was copied up without its content (metacopy), which is the lower
                           // file's
  };
  // The file at the bottom. It is looked for by its name, in the folders that the options of the
  // mount say; where these do not lead there, by its handle, and by its name below the folder that
  // has the handle of the overlay's root. None: it is on no overlay, or not to be found so.
  std::optional<Bottom> FindBottom(const Met& met);
  // Of our mount namespace.
  bool IsOverlay(uint64_t mount_id);

 private:
  struct Place {
    MountLine mount;
    std::string path;  // on an overlay: from the root of its file system; "": not known
    bool ours = true;  // the mount is one of our mount namespace
  };
  struct Opened {
    UniqueFd object;
    struct statx status {};
  };
  std::optional<Place> PlaceOf(const Met& met, uint64_t mount_id);
  std::optional<Opened> OpenBelow(const Met& met, const Place& overlay, const struct statx& found);
  std::optional<Opened> OpenByHandle(const Met& met, const Place& overlay,
                                     const struct statx& found);
  std::optional<Opened> OpenIn(int root, const std::vector<std::string>& layers,
                               const std::string& path, const struct statx& found) const;

  const std::vector<MountLine>& Ours();

  const Wait wait_;
  std::optional<std::vector<MountLine>> ours_;
  std::shared_ptr<const ByHandle> our_systems_;
  std::optional<uint64_t> last_;  // asked for: most files are on the same mount
  bool last_is_overlay_ = false;
};

}  // namespace rm
