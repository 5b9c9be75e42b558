// What is in this file, as far as it tells one version of a program from another?
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <tuple>

#include "base/unique_fd.h"
#include "code/elf.h"

namespace rm {

struct Content {
  bool readable = false;  // at least its first bytes
  bool is_elf = false;
  uint16_t machine = 0;
  bool is_64 = false;
  std::string build_id;  // "" none
};

// The answers of a scan, by file: a library is opened once, however many processes map it. Keeps no
// descriptors. Only regular files are opened, without waiting.
class Contents {
 public:
  // `open` is called until it has succeeded once for a file (device, inode, change time): what one
  // process does not let us open, another one may.
  const Content& Of(const struct statx& object, const std::function<UniqueFd()>& open);
  // Whether both are the same, byte by byte; none: one cannot be read, or it would take too long.
  std::optional<bool> AreEqual(const struct statx& a, const std::function<UniqueFd()>& open_a,
                               const struct statx& b, const std::function<UniqueFd()>& open_b);

 private:
  using Key = std::tuple<uint64_t, uint64_t, int64_t, uint32_t>;
  static Key KeyOf(const struct statx& object);

  std::map<Key, Content> known_;
  std::map<std::pair<Key, Key>, bool> compared_;
};

// Opens the object behind a descriptor or link (`name` relative to `directory`, magic links are
// followed) for reading if it is a regular file.
UniqueFd OpenRegular(int directory, const char* name);

ReadAt ReaderOf(int fd);

}  // namespace rm
