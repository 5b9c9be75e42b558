#include "store/fork_guard.h"

#include <pthread.h>

#include <mutex>
#include <vector>

namespace rm {

// pthread_atfork(3) takes functions without an argument, so that there has to be one list. It is
// never destroyed: a thread may fork while the process exits.
struct ForkHandlers {
  std::mutex mutex;
  std::vector<ForkGuard*> guards;

  static ForkHandlers& Get() {
    static ForkHandlers* const handlers = [] {
      ::pthread_atfork(Before, After, After);
      return new ForkHandlers;
    }();
    return *handlers;
  }

  static void Before() {
    ForkHandlers& handlers = Get();
    handlers.mutex.lock();
    for (ForkGuard* guard : handlers.guards) guard->before_();
  }

  static void After() {
    ForkHandlers& handlers = Get();
    for (ForkGuard* guard : handlers.guards) guard->after_();
    handlers.mutex.unlock();
  }
};

ForkGuard::ForkGuard(std::function<void()> before, std::function<void()> after)
    : before_(std::move(before)), after_(std::move(after)) {
  ForkHandlers& handlers = ForkHandlers::Get();
  std::lock_guard lock(handlers.mutex);
  handlers.guards.push_back(this);
}

ForkGuard::~ForkGuard() {
  ForkHandlers& handlers = ForkHandlers::Get();
  std::lock_guard lock(handlers.mutex);
  std::erase(handlers.guards, this);
}

}  // namespace rm
