// The hold, against a systemd that was booted for it.
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "base/win32_codes.h"
#include "real/instance.h"

namespace rm {
namespace {

using testing::Test;
using Names = std::vector<std::string>;

const Names kFamily = {
    "rt-db.service",          "rt-dep-requires.service", "rt-dep-requisite.service",
    "rt-dep-bindsto.service", "rt-dep-partof.service",   "rt-dep-second.service"};

bool AllDiffer(const std::vector<pid_t>& a, const std::vector<pid_t>& b) {
  return std::all_of(a.begin(), a.end(),
                     [&](pid_t pid) { return std::find(b.begin(), b.end(), pid) == b.end(); });
}

class HoldTest : public Test {
 protected:
  ~HoldTest() override { EXPECT_EQ(LeftOver(), Names{}); }

  // Jobs and failed units that a test left behind.
  Names LeftOver() {
    Names names;
    (void)Await(*manager_, [&] {
      const auto jobs = manager_->Jobs();
      return jobs && jobs->empty();
    });
    const Result<std::vector<Job>> jobs = manager_->Jobs();
    for (const Job& job : *jobs) names.push_back(job.unit);
    Program failed({"systemctl", "list-units", "--failed", "--plain", "--no-legend"});
    for (std::string line; !(line = failed.ReadLine()).empty();) names.push_back(line);
    return names;
  }

  void Restart(const Names& units) {
    for (const std::string& unit : units) {
      const Result<void> queued = manager_->QueueRestart(unit);
      EXPECT_TRUE(queued) << queued.error().message;
    }
  }

  std::unique_ptr<Manager> manager_ = Connected();
  Program owner_{{"/bin/bash"}};
};

TEST_F(HoldTest, TellsWhatGoesDownWithAUnit) {
  Names all = kFamily;
  all.push_back("rt-dep-wants.service");
  Units units(*manager_, all);
  const Result<UnitFacts> facts = manager_->Describe("rt-db");
  EXPECT_FALSE(facts) << "a name needs its suffix";
  const Result<UnitFacts> db = manager_->Describe("rt-db.service");
  ASSERT_TRUE(db) << db.error().message;
  Names goes_along;
  for (const UnitRef& unit : db->goes_along) goes_along.push_back(unit.name);
  std::sort(goes_along.begin(), goes_along.end());
  EXPECT_EQ(goes_along,
            (Names{"rt-dep-bindsto.service", "rt-dep-partof.service", "rt-dep-requires.service",
                   "rt-dep-requisite.service", "rt-dep-second.service"}));
  EXPECT_EQ(db->active_state, "active");
  EXPECT_EQ(db->type, "simple");
  EXPECT_EQ(db->control_group, "/system.slice/rt-db.service");
  EXPECT_EQ(db->main_pid, manager_->State("rt-db.service").main_pid);
  EXPECT_TRUE(db->can_stop);
  EXPECT_FALSE(manager_->Describe("rt-refuse.service")->can_stop);
  EXPECT_EQ(manager_->Describe("rt-nobody.service")->load_state, "not-found");
}

TEST_F(HoldTest, AServiceWhoseUnitFileIsGoneIsStillItsOwn) {
  Program shell{{"/bin/bash"}};
  shell.Write(
      "printf '[Service]\\nExecStart=/bin/sleep infinity\\n' >/run/systemd/system/rt-gone.service\n"
      "systemctl daemon-reload; systemctl start rt-gone.service\n"
      "rm /run/systemd/system/rt-gone.service; systemctl daemon-reload; echo gone\n");
  ASSERT_EQ(shell.ReadLine(), "gone");
  const Result<UnitFacts> facts = manager_->Describe("rt-gone.service");
  ASSERT_TRUE(facts) << facts.error().message;
  EXPECT_EQ(facts->load_state, "not-found");
  EXPECT_EQ(facts->control_group, "/system.slice/rt-gone.service");
  EXPECT_FALSE(facts->can_start);
  EXPECT_TRUE(manager_->QueueStop("rt-gone.service"));
}

TEST_F(HoldTest, ResolvesAliases) {
  const Result<UnitFacts> facts = manager_->Describe("dbus-org.freedesktop.login1.service");
  ASSERT_TRUE(facts) << facts.error().message;
  EXPECT_EQ(facts->ref.name, "systemd-logind.service");
  EXPECT_EQ(facts->names.size(), 2u);
}

TEST_F(HoldTest, KeepsEveryKindOfServiceDownUntilTheGuardIsKilled) {
  Names all = kFamily;
  for (const char* name : {"rt-always.service", "rt-notify.service", "rt-stubborn.service",
                           "rt-tmpl@x.service", "rt-delegate.service", "rt-sock.socket"}) {
    all.push_back(name);
  }
  all.pop_back();
  ASSERT_TRUE(manager_->StartUnit("rt-sock.socket"));
  all.push_back("rt-sock.service");
  Units units(*manager_, all);
  const std::vector<pid_t> before = units.Pids();

  const TimePoint start = Clock::now();
  TestHold hold(*manager_, owner_.id(), all);
  Print("hold begun over " + std::to_string(all.size()) + " units", start);
  const TimePoint queued = Clock::now();
  Restart({"rt-db.service", "rt-always.service", "rt-notify.service", "rt-tmpl@x.service",
           "rt-delegate.service", "rt-sock.service"});
  Restart({"rt-stubborn.service"});
  EXPECT_TRUE(units.AwaitDown());
  Print("all down, one of them after its stop time-out of 2 s", queued);
  EXPECT_EQ(manager_->State("rt-stubborn.service").result, "timeout");

  const TimePoint killed = Clock::now();
  hold.KillGuard();
  EXPECT_TRUE(units.AwaitRunning());
  Print("all up after kill -9 of the guard", killed);
  EXPECT_TRUE(AllDiffer(before, units.Pids()));
  ASSERT_TRUE(manager_->QueueStop("rt-sock.socket"));
}

TEST_F(HoldTest, EndsWithItsOwner) {
  Units units(*manager_, kFamily);
  const std::vector<pid_t> before = units.Pids();
  const TimePoint start = Clock::now();
  TestHold hold(*manager_, owner_.id(), kFamily);
  Print("hold begun over 6 units", start);
  const TimePoint queued = Clock::now();
  Restart({"rt-db.service"});
  ASSERT_TRUE(units.AwaitDown());
  Print("6 down", queued);
  const TimePoint killed = Clock::now();
  owner_.Kill();
  EXPECT_TRUE(units.AwaitRunning());
  Print("6 up after the owner's death", killed);
  EXPECT_TRUE(AllDiffer(before, units.Pids()));
  EXPECT_TRUE(hold.AwaitGone());
}

TEST_F(HoldTest, EndsWhenTold) {
  Units units(*manager_, kFamily);
  TestHold hold(*manager_, owner_.id(), kFamily);
  Restart({"rt-db.service"});
  ASSERT_TRUE(units.AwaitDown());
  const TimePoint ended = Clock::now();
  ASSERT_TRUE(manager_->EndHold(hold.session()));
  EXPECT_TRUE(units.AwaitRunning());
  Print("6 up after EndHold", ended);
  EXPECT_TRUE(manager_->EndHold(hold.session())) << "no hold: nothing happens";
}

TEST_F(HoldTest, RefusesAConnectionToAHeldSocketNever) {
  ASSERT_TRUE(manager_->StartUnit("rt-sock.socket"));
  {
    Units units(*manager_, {"rt-sock.service"});
    TestHold hold(*manager_, owner_.id(), {"rt-sock.service"});
    Restart({"rt-sock.service"});
    ASSERT_TRUE(units.AwaitDown());
    const UniqueFd client(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    struct sockaddr_un address = {AF_UNIX, "/run/rt-sock"};
    ASSERT_EQ(connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_TRUE(manager_->State("rt-sock.service").stopped());
    ASSERT_TRUE(manager_->EndHold(hold.session()));
    struct pollfd wait = {client.get(), POLLIN, 0};
    ASSERT_EQ(poll(&wait, 1, static_cast<int>(kLimit.count())), 1);
    char answer[16];
    EXPECT_GT(read(client.get(), answer, sizeof answer), 0);
    EXPECT_TRUE(units.AwaitRunning());
  }
  ASSERT_TRUE(manager_->QueueStop("rt-sock.socket"));
}

TEST_F(HoldTest, LeavesDownWhatIsCancelled) {
  Units units(*manager_, kFamily);
  TestHold hold(*manager_, owner_.id(), kFamily);
  Restart({"rt-db.service"});
  ASSERT_TRUE(units.AwaitDown());
  for (const std::string& unit : kFamily) ASSERT_TRUE(manager_->CancelQueuedStart(unit));
  EXPECT_TRUE(manager_->CancelQueuedStart("rt-db.service")) << "none queued: nothing happens";
  ASSERT_TRUE(manager_->EndHold(hold.session()));
  EXPECT_TRUE(hold.AwaitGone());
  EXPECT_TRUE(Await(*manager_, [&] { return manager_->Jobs()->empty(); }));
  for (const std::string& unit : kFamily) EXPECT_TRUE(manager_->State(unit).stopped()) << unit;
}

TEST_F(HoldTest, SurvivesReloadAndReexecution) {
  Units units(*manager_, kFamily);
  TestHold hold(*manager_, owner_.id(), kFamily);
  Restart({"rt-db.service"});
  ASSERT_TRUE(units.AwaitDown());
  Program reload({"systemctl", "daemon-reload"});
  EXPECT_EQ(reload.Wait(), 0);
  EXPECT_TRUE(units.AwaitDown());
  Program reexec({"systemctl", "daemon-reexec"});
  EXPECT_EQ(reexec.Wait(), 0);
  EXPECT_TRUE(units.AwaitDown());
  const Result<Names> held = manager_->Held(hold.session());
  ASSERT_TRUE(held) << held.error().message;
  EXPECT_EQ(held->size(), kFamily.size());
  // The guard is still the gatekeeper: it connected anew.
  owner_.Write("systemctl restart rt-db.service; echo $?\n");
  EXPECT_EQ(owner_.ReadLine(), "0");
  EXPECT_TRUE(manager_->State("rt-dep-second.service").stopped());
  owner_.Kill();
  EXPECT_TRUE(units.AwaitRunning());
}

TEST_F(HoldTest, TwoHoldsOnOneUnitBothHaveToEnd) {
  Units units(*manager_, {"rt-simple.service"});
  TestHold first(*manager_, owner_.id(), {"rt-simple.service"});
  Program other({"/bin/bash"});
  TestHold second(*manager_, other.id(), {"rt-simple.service"});
  Restart({"rt-simple.service"});
  ASSERT_TRUE(units.AwaitDown());
  ASSERT_TRUE(manager_->EndHold(first.session()));
  ASSERT_TRUE(first.AwaitGone());
  EXPECT_TRUE(Await(*manager_, [&] { return manager_->Held(first.session())->empty(); }));
  EXPECT_TRUE(units.AwaitDown());
  other.Kill();
  EXPECT_TRUE(units.AwaitRunning());
}

TEST_F(HoldTest, CanBeExtended) {
  Units units(*manager_, {"rt-simple.service", "rt-always.service"});
  TestHold hold(*manager_, owner_.id(), {"rt-simple.service"});
  const pid_t guard = hold.GuardPid();
  hold.hold().units = {"rt-simple.service", "rt-always.service"};
  ASSERT_TRUE(manager_->BeginHold(hold.hold()));
  EXPECT_EQ(hold.GuardPid(), guard);
  EXPECT_EQ(manager_->Held(hold.session())->size(), 2u);
  Restart({"rt-simple.service", "rt-always.service"});
  ASSERT_TRUE(units.AwaitDown());
  ASSERT_TRUE(manager_->EndHold(hold.session()));
  EXPECT_TRUE(units.AwaitRunning());
}

TEST_F(HoldTest, IsNotBegunForAnOwnerThatHasEnded) {
  Hold hold;
  hold.session = "ended";
  hold.owner = owner_.id();
  hold.guard = {RM_GUARD, "hold", "ended", std::to_string(owner_.id().pid),
                std::to_string(owner_.id().start_ticks + 1)};
  hold.units = {"rt-simple.service"};
  const Result<void> begun = manager_->BeginHold(hold);
  ASSERT_FALSE(begun);
  EXPECT_EQ(begun.error().code, kFailShutdown);
  EXPECT_TRUE(manager_->Held("ended")->empty());
}

TEST_F(HoldTest, HoldsNothingWhenOneGateCannotBeMade) {
  Hold hold;
  hold.session = "half";
  hold.owner = owner_.id();
  hold.guard = {RM_GUARD, "hold", "half", std::to_string(owner_.id().pid),
                std::to_string(owner_.id().start_ticks)};
  hold.units = {"rt-simple.service", "not a unit"};
  EXPECT_FALSE(manager_->BeginHold(hold));
  EXPECT_TRUE(Await(*manager_, [&] { return manager_->Jobs()->empty(); }));
}

TEST_F(HoldTest, StartsAQueuedProcessWhenItEnds) {
  Units units(*manager_, {"rt-simple.service"});
  TestHold hold(*manager_, owner_.id(), {"rt-simple.service"});
  Restart({"rt-simple.service"});
  QueuedRelaunch relaunch;
  relaunch.session = hold.session();
  relaunch.number = 7;
  relaunch.description = "A program";
  relaunch.argv = {"/bin/tail", "-f",
                   "/dev/null", "%n",
                   "",          " !\"#%&'()*+,-./:<=>?@[\\]^_`{|}~",
                   "a\\x41\\",  "a\nExecStartPre=/b",
                   "\u00e9"};
  relaunch.after = {"rt-simple.service"};
  relaunch.slice = "batch-low.slice";
  const Result<std::string> name = manager_->QueueRelaunch(relaunch);
  ASSERT_TRUE(name) << name.error().message;
  EXPECT_EQ(*name, RelaunchUnitName(hold.session(), 7));
  ASSERT_TRUE(manager_->Watch(*name));
  EXPECT_TRUE(manager_->State(*name).start_queued());
  ASSERT_TRUE(units.AwaitDown());
  // As whoever installs units does. Then it has but what PID 1 has written into the unit's file.
  Program reload({"systemctl", "daemon-reload"});
  ASSERT_EQ(reload.Wait(), 0);
  hold.KillGuard();
  EXPECT_TRUE(Await(*manager_, [&] { return manager_->State(*name).active_state == "active"; }));
  std::ifstream file("/proc/" + std::to_string(manager_->State(*name).main_pid) + "/cmdline");
  std::stringstream words;
  words << file.rdbuf();
  std::string expected;
  for (const std::string& word : relaunch.argv) expected += word + '\0';
  EXPECT_EQ(words.str(), expected) << "nothing is expanded";
  std::ifstream cgroup("/proc/" + std::to_string(manager_->State(*name).main_pid) + "/cgroup");
  const std::string lines{std::istreambuf_iterator<char>(cgroup), {}};
  EXPECT_NE(lines.find("/batch.slice/batch-low.slice/" + *name), lines.npos) << lines;
  EXPECT_TRUE(units.AwaitRunning());
  ASSERT_TRUE(manager_->QueueStop(*name));
  EXPECT_TRUE(Await(*manager_, [&] { return manager_->State(*name).stopped(); }));
}

TEST_F(HoldTest, QueuesNoProcessThatWouldNotBeStartedAsItIs) {
  TestHold hold(*manager_, owner_.id(), {});
  QueuedRelaunch relaunch;
  relaunch.session = hold.session();
  relaunch.number = 1;
  for (const char* word : {"a;b", "$HOME", "a\xff"}) {
    relaunch.argv = {"/bin/sleep", word};
    const Result<std::string> name = manager_->QueueRelaunch(relaunch);
    ASSERT_FALSE(name);
    EXPECT_NE(name.error().message.find(word), std::string::npos) << name.error().message;
  }
}

TEST_F(HoldTest, DoesNotStartAQueuedProcessThatWasCancelled) {
  TestHold hold(*manager_, owner_.id(), {});
  QueuedRelaunch relaunch;
  relaunch.session = hold.session();
  relaunch.number = 1;
  relaunch.description = "A program";
  relaunch.argv = {"/bin/sleep", "infinity"};
  const Result<std::string> name = manager_->QueueRelaunch(relaunch);
  ASSERT_TRUE(name);
  ASSERT_TRUE(manager_->CancelQueuedStart(*name));
  ASSERT_TRUE(manager_->EndHold(hold.session()));
  EXPECT_TRUE(hold.AwaitGone());
  EXPECT_EQ(manager_->Query(*name)->main_pid, 0);
}

// Left standing for the shutdown that follows (poweroff.sh).
TEST(PowerOff, FindsAHoldInPlace) {
  static const std::unique_ptr<Manager> manager = Connected();
  static Units* const units = new Units(*manager, {"rt-simple.service", "rt-always.service"});
  static const TestHold* const hold = new TestHold(*manager, Identity(1), units->names());
  ASSERT_TRUE(hold);
  for (const std::string& unit : units->names()) ASSERT_TRUE(manager->QueueRestart(unit));
  EXPECT_TRUE(units->AwaitDown());
}

}  // namespace
}  // namespace rm
