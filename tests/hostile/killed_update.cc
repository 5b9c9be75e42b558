#include "hostile/killed_update.h"

#include <stdlib.h>
#include <sys/stat.h>

namespace rm::test {
namespace {

namespace fs = std::filesystem;

// COMMAND: ends the guard of the store $0, keeps the store, and ends the installer.
constexpr char kEndAll[] =
    "for p in /proc/[0-9]*; do case $(readlink $p/exe) in */rm-guard) "
    "tr '\\0' '\\n' < $p/cmdline | grep -qxF \"$0\" && kill -KILL ${p#/proc/};; esac; done; "
    "cp -a \"$0/.\" \"$1\"; kill -KILL $PPID";

}  // namespace

void KilledUpdate::SetUp() {
  if (fs::exists("/run/systemd/system")) GTEST_SKIP() << "needs a machine without systemd";
  setenv("RESTART_MANAGER_DIR", population_.store().c_str(), 1);
  fs::create_directory(kept());
  population_.Complete();
  const Ending killed =
      RunLimited({RESTARTCTL, "run", "-q", "--relaunch", "-f", population_.program(), "--",
                  "/bin/sh", "-c", kEndAll, population_.store(), kept()});
  ASSERT_EQ(killed.signal, SIGKILL) << killed.said;
  population_.EndAll();
  ASSERT_GE(Files().size(), 4u) << "the database and two programs";
}

void KilledUpdate::Restore() const {
  population_.EndAll();
  fs::remove_all(population_.store());
  fs::copy(kept(), population_.store(), fs::copy_options::recursive);
  chmod(population_.store().c_str(), 0700);
  for (const auto& entry : fs::directory_iterator(population_.store()))
    chmod(entry.path().c_str(), 0600);
  fs::resize_file(population_.directory() + "/starts", 0);
}

std::vector<std::string> KilledUpdate::Files() const {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(kept())) names.push_back(entry.path().filename());
  return names;
}

Ending KilledUpdate::Recover() const { return RunLimited({RESTARTCTL, "recover"}); }

}  // namespace rm::test
