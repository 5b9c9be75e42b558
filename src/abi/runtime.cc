#include "abi/runtime.h"

#include <dlfcn.h>
#include <restartmanager.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <utility>

#include "apps/ask.h"
#include "base/win32_codes.h"
#include "journal/budget.h"
#include "journal/socket.h"
#include "machine/machine_linux.h"
#include "store/boot_debt_files.h"
#include "store/directory.h"
#include "store/sqlite_store.h"
#include "systemd/manager.h"

namespace rm {
namespace {

// rm-guard and rm-relaunch lie beside this library, wherever it was installed to.
std::string ProgramDirectory() {
  Dl_info here{};
  if (dladdr(reinterpret_cast<const void*>(&RmStartSession), &here) == 0 || !here.dli_fname)
    return "";
  const std::string file = here.dli_fname;
  return file.substr(0, file.rfind('/') + 1) + "restart-manager";
}

// contract.md 5.4
constexpr Milliseconds kLockLimit{30'000};
constexpr int64_t kLongestLockLimit = 24 * 60 * 60 * 1000;

Result<Milliseconds> LockLimit() {
  constexpr char kVariable[] = "RESTART_MANAGER_LOCK_TIMEOUT";
  const char* text = ::secure_getenv(kVariable);
  if (!text || !*text) return kLockLimit;
  const char* const end = text + std::strlen(text);
  int64_t limit = -1;
  const auto [stop, trouble] = std::from_chars(text, end, limit);
  if (trouble == std::errc() && stop == end && limit >= 0 && limit <= kLongestLockLimit)
    return Milliseconds(limit);
  return Fail(kWriteFault, "{} is \"{}\": it is a number of milliseconds, at most a day.",
              kVariable, text);
}

// Of root's sessions alone, and where the boot starts units: a user's own session ends with the
// login, and whoever chose another directory chose it for something else than this machine.
std::string BootDebtDirectory(const std::string& store_directory) {
  const bool boot_pays =
      geteuid() == 0 && store_directory == kRootStoreDirectory && Manager::Booted();
  return boot_pays ? kBootDebtDirectory : "";
}

}  // namespace

Result<std::shared_ptr<SessionStore>> OpenStore(const std::string& directory,
                                                Milliseconds lock_limit) {
  auto store = OpenSqliteStore(directory, lock_limit, IsAlive, BootDebtDirectory(directory));
  if (!store) return Pass(std::move(store));
  return std::shared_ptr<SessionStore>(std::move(*store));
}

Result<Backing> OpenBacking() {
  static std::mutex mutex;
  // Never destroyed: a destructor of the program, which runs later, may begin a session.
  static auto& backings = *new std::map<std::string, Backing>;
  auto directory = StoreDirectory();
  if (!directory) return Pass(std::move(directory));
  const std::lock_guard lock(mutex);
  if (const auto found = backings.find(*directory); found != backings.end()) return found->second;
  Backing backing;
  backing.directory = *directory;
  auto limit = LockLimit();
  if (!limit) return Pass(std::move(limit));
  auto store = OpenStore(*directory, *limit);
  if (!store) return Pass(std::move(store));
  backing.store = std::move(*store);
  auto boot = backing.store->BootTime();
  if (!boot) return Pass(std::move(boot));
  backing.boot_us = *boot;
  backings.emplace(*directory, backing);
  return backing;
}

Result<std::shared_ptr<Machine>> OpenMachine() {
  auto machine = MakeLinuxMachine(ProgramDirectory());
  if (!machine) return Pass(std::move(machine));
  return std::shared_ptr<Machine>(std::move(*machine));
}

Journaling OpenJournal(const Backing& backing, const SessionRecord& record, bool begins) {
  if (!begins) return Journaling(ToJournal(), record, Begin::kHeard, 0);
  const MaySpeak may = AskBudget(backing.directory);
  return Journaling(ToJournal(), record, may.now ? Begin::kNow : Begin::kWhenItActs, may.unspoken);
}

}  // namespace rm
