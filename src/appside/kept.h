// Is this descriptor still ours? A program may close what it did not open (daemons do), so what has
// its number is touched only if it still is the same file.
#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <utility>

namespace rm {

struct Kept {
  int fd = -1;
  dev_t dev = 0;
  ino_t ino = 0;

  // Takes it over; -1 is none.
  static Kept Of(int fd) {
    struct stat made {};
    if (fd < 0 || fstat(fd, &made) != 0) return {};
    return {fd, made.st_dev, made.st_ino};
  }

  bool still_ours() const {
    struct stat now {};
    return fd >= 0 && fstat(fd, &now) == 0 && now.st_ino == ino && now.st_dev == dev;
  }

  // Async-signal-safe.
  void Close() {
    if (still_ours()) close(fd);
    fd = -1;
  }
};

}  // namespace rm
