#include "session/stale.h"

#include <gmock/gmock.h>

#include "fakes/fake_machine.h"

namespace rm {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

// Two workers of a service, one with an old library, and a program that holds memory.
class ListStaleTest : public testing::Test {
 protected:
  ListStaleTest() {
    for (const ProcessId& id : {kMain, kWorker, kPlain}) {
      ProcessFacts& process = machine_.observation.processes[id];
      process.id = id;
      process.name = process.executable = "/usr/bin/foo";
    }
    UnitFacts unit;
    unit.ref.name = "foo.service";
    unit.names = {"foo.service"};
    unit.main_pid = kMain.pid;
    machine_.observation.units.push_back(unit);
    for (const ProcessId& id : {kMain, kWorker})
      machine_.observation.owners[id] = Owner{unit.ref, OwnerKind::kService};
    machine_.mapped.processes = 3;
    machine_.mapped.unreadable = {{{9, 90}, "other"}};
    MappedFile file;
    file.process = kWorker;
    file.path = file.mapped = "/usr/lib/libfoo.so.1";
    file.at_name = AtName::kNothing;
    machine_.mapped.files.push_back(file);
    file.process = kPlain;
    file.never_named = true;
    machine_.mapped.files.push_back(file);
  }
  StaleList List(bool all) {
    auto list = ListStale(machine_, kSelf, all, {});
    EXPECT_TRUE(list);
    return list.value_or(StaleList{});
  }

  static constexpr ProcessId kSelf{5, 50}, kMain{6, 60}, kWorker{7, 70}, kPlain{8, 80};
  FakeMachine machine_;
};

TEST_F(ListStaleTest, OneAppForTheServiceWithTheProcessesThatAreStale) {
  const StaleList list = List(false);
  ASSERT_THAT(list.apps, SizeIs(1));
  EXPECT_EQ(ToString(*list.apps[0].app.unit), "foo.service");
  EXPECT_THAT(list.apps[0].app.processes, ElementsAre(kWorker));
  EXPECT_EQ(list.apps[0].app.main, kMain);
  EXPECT_EQ(list.apps[0].cure, Cure::kRestart);
  EXPECT_THAT(list.apps[0].files, SizeIs(1));
}

TEST_F(ListStaleTest, TheOthersAreCountedAndListedWhenAsked) {
  EXPECT_EQ(List(false).files[static_cast<size_t>(Freshness::kTransient)], 1u);
  const StaleList all = List(true);
  ASSERT_THAT(all.apps, SizeIs(2));
  for (const StaleApp& stale : all.apps) {
    EXPECT_TRUE(stale.app.unit || stale.cure == Cure::kNone);
  }
}

TEST_F(ListStaleTest, NamesWhoCouldNotBeLookedAt) {
  EXPECT_THAT(List(false).unreadable, ElementsAre(UnreadableProcess{{9, 90}, "other"}));
  EXPECT_EQ(List(false).processes, 3u);
}

TEST_F(ListStaleTest, NobodyIsObservedWhenNothingIsOdd) {
  machine_.mapped.files.clear();
  machine_.on_observe = [] { ADD_FAILURE(); };
  EXPECT_THAT(List(true).apps, SizeIs(0));
}

}  // namespace
}  // namespace rm
