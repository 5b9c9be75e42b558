// Which file systems may be read without the risk that a server never answers?
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rm {

// What /proc/PID/mountinfo says (proc(5)), as the process sees it.
class MountTable {
 public:
  struct Kind {
    bool local = false;
    bool holds_files = false;
  };

  struct Origin {
    uint64_t dev = 0;
    std::string path;
  };
  struct Place {
    uint64_t mount_id = 0;
    std::string path;
  };

  // Lines that are none are skipped.
  static MountTable Parse(std::string_view mountinfo);

  bool HasMount(uint64_t mount_id) const { return mounts_.contains(mount_id); }
  // `dev` is the superblock's, as maps shows it.
  bool HasDevice(uint64_t dev) const { return devices_.contains(dev); }

  // Known, and on this machine: an answer does not depend on a server or on a FUSE program.
  bool IsLocalMount(uint64_t mount_id) const;
  bool IsLocalDevice(uint64_t dev) const;
  // Local, and what is read there was written by somebody. What the kernel makes up when it is read
  // may be used up by that, or wait, or do something: /proc/kmsg, tracefs, debugfs.
  bool HoldsFiles(uint64_t mount_id) const;
  // None: it does not show here.
  std::optional<Kind> KindOfMount(uint64_t mount_id) const;
  std::optional<Kind> KindOfDevice(uint64_t dev) const;
  // No mount on the way to this absolute path is anything but local.
  bool IsLocalPath(std::string_view path) const;
  // Of a mount whose root was removed or replaced since: what it was called in its file system.
  std::optional<Origin> RemovedOrigin(uint64_t mount_id) const;
  // Where that name is, if nothing covers it.
  std::vector<Place> PlacesOf(const Origin& origin) const;
  // On these two st_dev of a file is not the device of its superblock: btrfs, overlay.
  bool HasOwnNumbers(uint64_t dev) const;

 private:
  struct Device {
    Kind kind;  // of all mounts of it
    bool own_numbers = false;
  };

  struct Mount {
    Origin root;  // what of the file system is mounted
    std::string point;
    Kind kind;
  };

  std::map<uint64_t, Mount> mounts_;  // by id
  std::map<uint64_t, Device> devices_;
  std::vector<std::string> foreign_;  // mount points
};

}  // namespace rm
