#include "holder/dead_mount.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <vector>

namespace rm::test {
namespace {

constexpr uint64_t kFile = 2;  // its node; the root's is 1
constexpr uint32_t kSize = 4096;

fuse_attr Attributes(uint64_t node) {
  fuse_attr attributes{};
  attributes.ino = node;
  attributes.size = kSize;
  attributes.mode = node == kFile ? S_IFREG | 0644 : S_IFDIR | 0755;
  attributes.nlink = 1;
  return attributes;
}

template <class T>
std::string Bytes(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

// What comes after the head of the answer; or an errno. Nothing may be kept: it is asked each time.
int Answer(const fuse_in_header& asked, std::string_view about, std::string& body) {
  switch (asked.opcode) {
    case FUSE_INIT: {
      fuse_init_out init{};
      init.major = FUSE_KERNEL_VERSION;
      init.minor = 31;
      init.max_write = kSize;
      body = Bytes(init);
      return 0;
    }
    case FUSE_LOOKUP: {
      if (!about.starts_with(std::string_view("file\0", 5))) return ENOENT;
      fuse_entry_out entry{};
      entry.nodeid = kFile;
      entry.attr = Attributes(kFile);
      body = Bytes(entry);
      return 0;
    }
    case FUSE_GETATTR: {
      fuse_attr_out attributes{};
      attributes.attr = Attributes(asked.nodeid);
      body = Bytes(attributes);
      return 0;
    }
    case FUSE_OPEN:
    case FUSE_OPENDIR:
      body = Bytes(fuse_open_out{});
      return 0;
    case FUSE_READ:
      body = std::string(kSize, 'x');
      return 0;
    case FUSE_READDIR: {
      fuse_read_in wanted{};
      std::memcpy(&wanted, about.data(), std::min(about.size(), sizeof wanted));
      if (wanted.offset) return 0;
      fuse_dirent entry{};
      entry.ino = kFile;
      entry.off = 1;
      entry.namelen = 4;
      entry.type = DT_REG;
      body = Bytes(entry).substr(0, FUSE_NAME_OFFSET) + "file" + std::string(4, '\0');
      return 0;
    }
    default:
      return ENOSYS;
  }
}

}  // namespace

DeadMount::DeadMount(const std::string& folder)
    : folder_(folder), device_(open("/dev/fuse", O_RDWR | O_CLOEXEC)) {
  const std::string options =
      "rootmode=40000,user_id=0,group_id=0,allow_other,fd=" + std::to_string(device_.get());
  if (!device_ || mount("dead", folder.c_str(), "fuse", 0, options.c_str()) != 0) return;
  mounted_ = true;
  server_ = std::thread([this] { Serve(); });
}

DeadMount::~DeadMount() {
  if (!mounted_) return;
  dead_ = true;
  // Lets go of all who wait, the server too.
  umount2(folder_.c_str(), MNT_FORCE);
  umount2(folder_.c_str(), MNT_DETACH);
  server_.join();
}

void DeadMount::Serve() {
  bool listed = false;
  std::vector<char> request(64 << 10);
  for (;;) {
    const ssize_t got = read(device_.get(), request.data(), request.size());
    if (got < 0 && errno != ENODEV && errno != EBADF) continue;  // taken back meanwhile
    if (got <= 0) return;
    fuse_in_header asked;
    std::memcpy(&asked, request.data(), sizeof asked);
    if (listed && asked.opcode == FUSE_LOOKUP) dead_ = true;
    listed = listed || (doomed_ && asked.opcode == FUSE_READDIR);
    if (dead_ || asked.opcode == FUSE_FORGET || asked.opcode == FUSE_INTERRUPT) continue;
    std::string body;
    const int error = Answer(
        asked, {request.data() + sizeof asked, static_cast<size_t>(got) - sizeof asked}, body);
    fuse_out_header head{};
    head.len = static_cast<uint32_t>(sizeof head + (error ? 0 : body.size()));
    head.error = -error;
    head.unique = asked.unique;
    const std::string answer = Bytes(head) + (error ? "" : body);
    (void)!write(device_.get(), answer.data(), answer.size());
  }
}

}  // namespace rm::test
