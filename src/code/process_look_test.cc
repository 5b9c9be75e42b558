#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <algorithm>
#include <ctime>
#include <filesystem>

#include "code/process_code.h"
#include "holder/holder.h"

namespace rm {
namespace {

namespace fs = std::filesystem;

using test::Holder;
using test::HolderProgram;
using test::TemporaryDirectory;
using testing::IsEmpty;
using testing::SizeIs;

// What is said of files that are mapped from this directory.
std::vector<MappedFile> Below(const std::string& directory, const Holder& holder) {
  auto proc = ProcTree::Open();
  EXPECT_TRUE(proc);
  MappedScan found;
  EXPECT_EQ(ProcessCode(*proc).Scan(holder.pid(), found), 0);
  std::erase_if(found.files, [&](const MappedFile& file) {
    return !file.mapped.starts_with(directory + "/") && !file.path.starts_with(directory + "/");
  });
  return found.files;
}

std::string CopyOfHolder(const TemporaryDirectory& directory, const std::string& name) {
  fs::copy_file(HolderProgram(), directory.path() + "/" + name);
  return directory.path() + "/" + name;
}

// As long after the start of whoever runs that no grain of a clock is in doubt.
void Touch(const std::string& path) {
  const timespec later{time(nullptr) + 60, 0};
  const timespec times[] = {later, later};
  ASSERT_EQ(utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
}

// A static program, or what was mapped by hand: no relocation tells.
TEST(ProcessLookTest, ANewTimeAloneDoesNotSayThatAFileWasWrittenAfterItWasLoaded) {
  const TemporaryDirectory directory;
  const std::string plugin = CopyOfHolder(directory, "plugin");
  const Holder holder({"--map-code", plugin});
  ASSERT_THAT(Below(directory.path(), holder), IsEmpty());
  Touch(plugin);
  const std::vector<MappedFile> files = Below(directory.path(), holder);
  ASSERT_THAT(files, SizeIs(1));
  EXPECT_EQ(files[0].overwritten, Overwritten::kPerhaps);
}

TEST(ProcessLookTest, AnInterpreterIsNotCalledByTheNameOfItsScript) {
  const TemporaryDirectory directory;
  const std::string interpreter = CopyOfHolder(directory, "interpreter");
  const std::string script = directory.Write("script", "#!" + interpreter + " --path\n");
  chmod(script.c_str(), 0755);
  const Holder holder({}, {.program = script});
  ASSERT_THAT(Below(directory.path(), holder), IsEmpty());
  fs::remove(interpreter);
  const std::vector<MappedFile> files = Below(directory.path(), holder);
  ASSERT_THAT(files, SizeIs(1));
  EXPECT_EQ(files[0].path, interpreter);
  EXPECT_EQ(files[0].mapped, interpreter);
  EXPECT_EQ(files[0].at_name, AtName::kNothing);
}

// The two have one root directory. Of the first, what is mounted is not told: it is ending.
TEST(ProcessLookTest, WhatOneProcessDoesNotShowIsReadOfTheNext) {
  const TemporaryDirectory tree;
  for (const char* pid : {"11", "12"}) {
    const std::string at = std::string(pid) + "/";
    fs::create_directories(tree.path() + "/" + at + "ns");
    tree.Write(at + "stat", std::string(pid) +
                                " (x) S 1 1 1 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 77 0 0 0 0 0 0 "
                                "0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n");
    tree.Write(at + "maps", "400000-401000 r-xp 00000000 fe:01 123 /no/such/program\n");
    fs::create_symlink("mnt:[1]", tree.path() + "/" + at + "ns/mnt");
    fs::create_symlink("/", tree.path() + "/" + at + "root");
    fs::create_symlink("/no/such/program", tree.path() + "/" + at + "exe");
  }
  tree.Write("12/mountinfo", "22 1 254:1 / / rw - ext4 /dev/vda1 rw\n");
  auto proc = ProcTree::Open(tree.path());
  ASSERT_TRUE(proc) << proc.error().message;
  ProcessCode code(*proc);
  MappedScan found;
  ASSERT_EQ(code.Scan(11, found), 0);
  EXPECT_THAT(found.unreadable, SizeIs(1));
  ASSERT_EQ(code.Scan(12, found), 0);
  EXPECT_THAT(found.unreadable, SizeIs(1));
  EXPECT_THAT(found.files, SizeIs(1));
}

TEST(ContentsTest, AFileThatCouldNotBeOpenedIsOpenedByTheNextOneWhoMay) {
  const TemporaryDirectory directory;
  struct statx object {};
  ASSERT_EQ(statx(AT_FDCWD, HolderProgram().c_str(), 0, STATX_BASIC_STATS, &object), 0);
  const auto open_it = [] { return OpenRegular(AT_FDCWD, HolderProgram().c_str()); };
  const auto open_nothing = [] { return UniqueFd(); };
  Contents contents;
  EXPECT_FALSE(contents.Of(object, open_nothing).readable);
  EXPECT_TRUE(contents.Of(object, open_it).is_elf);
  EXPECT_TRUE(contents.Of(object, open_nothing).is_elf);
  EXPECT_FALSE(contents.AreEqual(object, open_nothing, object, open_it));
  EXPECT_EQ(contents.AreEqual(object, open_it, object, open_it), true);
}

}  // namespace
}  // namespace rm
