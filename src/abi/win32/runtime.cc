#include "abi/runtime.h"

#include <utility>

#include "journal/socket.h"
#include "machine/machine_win32.h"
#include "store/registry_store.h"

namespace rm {
namespace {

constexpr Milliseconds kLockLimit{30'000};

}  // namespace

// The registry of this user is the one place: there is no directory.
Result<std::shared_ptr<SessionStore>> OpenStore(const std::string&, Milliseconds lock_limit) {
  return std::shared_ptr<SessionStore>(OpenRegistryStore(lock_limit, IsProcessAlive));
}

Result<Backing> OpenBacking() {
  Backing backing;
  auto store = OpenStore("", kLockLimit);
  if (!store) return Pass(std::move(store));
  backing.store = std::move(*store);
  return backing;
}

Result<std::shared_ptr<Machine>> OpenMachine() { return MakeWin32Machine(); }

// Windows' event log has no budget: a session that only looks is not heard of at all.
Journaling OpenJournal(const Backing&, const SessionRecord& record, bool begins) {
  return Journaling(ToJournal(), record, begins ? Begin::kWhenItActs : Begin::kHeard, 0);
}

}  // namespace rm
