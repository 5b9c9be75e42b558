// Which descriptors does a program get that is started? For posix_spawn(3), whose own functions
// only return it when there is no memory; here that is a std::bad_alloc.
#pragma once

#include <fcntl.h>
#include <spawn.h>

#include <new>

namespace rm {

class SpawnActions {
 public:
  SpawnActions() { Verify(posix_spawn_file_actions_init(&actions_)); }
  ~SpawnActions() { posix_spawn_file_actions_destroy(&actions_); }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;

  const posix_spawn_file_actions_t* get() const { return &actions_; }

  void Duplicate(int fd, int as) { Verify(posix_spawn_file_actions_adddup2(&actions_, fd, as)); }
  void OpenNull(int fd) {
    Verify(posix_spawn_file_actions_addopen(&actions_, fd, "/dev/null", O_RDWR, 0));
  }
  void CloseFrom(int fd) { Verify(posix_spawn_file_actions_addclosefrom_np(&actions_, fd)); }

 private:
  static void Verify(int error) {
    if (error != 0) throw std::bad_alloc();
  }

  posix_spawn_file_actions_t actions_;
};

}  // namespace rm
