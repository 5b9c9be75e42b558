#include <dlfcn.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <filesystem>

#include "code/mappings.h"
#include "code/process_code.h"
#include "holder/holder.h"

namespace rm {
namespace {

namespace fs = std::filesystem;

using test::Holder;
using test::HolderProgram;
using test::TemporaryDirectory;
using testing::AllOf;
using testing::Contains;
using testing::Field;
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

// As that of a library that has none but data, or of one whose code was moved to larger pages.
TEST(ProcessLookTest, WhatTheLoaderHasLoadedIsCodeThoughNothingOfItIsMappedExecutable) {
  const TemporaryDirectory directory;
  const std::string copy = directory.path() + "/library.so";
  struct link_map* original = nullptr;
  void* loaded = dlopen("libm.so.6", RTLD_NOW);
  ASSERT_TRUE(loaded && dlinfo(loaded, RTLD_DI_LINKMAP, &original) == 0) << dlerror();
  fs::copy_file(original->l_name, copy);
  ASSERT_TRUE(dlopen(copy.c_str(), RTLD_NOW)) << dlerror();
  const UniqueFd self(open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  std::vector<char> buffer(64 << 10);
  Mappings mappings;
  ASSERT_EQ(ReadMappings(self.get(), buffer, mappings), 0);
  const auto mapping = std::ranges::find(mappings.files, copy, &Mapping::path);
  ASSERT_NE(mapping, mappings.files.end());
  void* const code = reinterpret_cast<void*>(mapping->first.begin);
  const size_t bytes = mapping->first.end - mapping->first.begin;
  ASSERT_EQ(mprotect(code, bytes, PROT_READ), 0);
  fs::remove(copy);
  auto proc = ProcTree::Open();
  MappedScan found;
  const int error = ProcessCode(*proc).Scan(getpid(), found);
  ASSERT_EQ(mprotect(code, bytes, PROT_READ | PROT_EXEC), 0);  // it is run at the end
  ASSERT_EQ(error, 0);
  EXPECT_THAT(found.files, Contains(AllOf(Field(&MappedFile::path, copy),
                                          Field(&MappedFile::kind, MappedKind::kLibrary))));
}

TEST(ProcessLookTest, WhereThereIsADirectoryNowTheContentIsAnother) {
  const TemporaryDirectory directory;
  const std::string plugin = CopyOfHolder(directory, "plugin");
  const Holder holder({"--map-code", plugin});
  fs::remove(plugin);
  fs::create_directory(plugin);
  const std::vector<MappedFile> files = Below(directory.path(), holder);
  ASSERT_THAT(files, SizeIs(1));
  EXPECT_EQ(files[0].same_bytes, false);
  EXPECT_EQ(files[0].trouble, "");
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

TEST(MappingsTest, APathMayBeLongerThanWhatIsReadAtOnce) {
  const TemporaryDirectory tree;
  const std::string path = "/" + std::string(100'000, 'd') + "/libfoo.so";
  tree.Write("maps", "400000-401000 r-xp 00000000 fe:01 123 " + path +
                         "\n401000-402000 r-xp 00000000 fe:01 124 /program\n");
  const UniqueFd directory(open(tree.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  std::vector<char> buffer(64 << 10);
  Mappings mappings;
  ASSERT_EQ(ReadMappings(directory.get(), buffer, mappings), 0);
  ASSERT_THAT(mappings.files, SizeIs(2));
  EXPECT_EQ(mappings.files[0].path, path);
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
