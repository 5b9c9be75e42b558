#include "abi/runtime.h"

#include <utility>

#include "machine/machine_win32.h"
#include "store/registry_store.h"

namespace rm {

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

Result<std::shared_ptr<Session>> MakeSession(const Backing& backing, SessionRecord record,
                                             Role role) {
  auto machine = OpenMachine();
  if (!machine) return Pass(std::move(machine));
  return std::make_shared<Session>(std::move(record), role, std::move(*machine), backing.store,
                                   backing.directory);
}

}  // namespace rm
