#include "procfs/identity.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <filesystem>

#include "base/win32_codes.h"
#include "holder/holder.h"

namespace rm {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class IdentifyFileTest : public testing::Test {
 protected:
  FileResource Identify(const std::string& path) {
    Result<FileResource> file = IdentifyFile(path);
    EXPECT_TRUE(file) << path << ": " << file.error().message;
    return file.value_or(FileResource{});
  }
  void ExpectRefused(const std::string& path, const std::string& why) {
    Result<FileResource> file = IdentifyFile(path);
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().code, kBadArguments);
    EXPECT_THAT(file.error().message, HasSubstr(why));
  }
  test::TemporaryDirectory at_;
};

TEST_F(IdentifyFileTest, ToldAsTheFileSystemTellsIt) {
  const std::string path = at_.Write("file", "12345");
  struct stat found {};
  ASSERT_EQ(stat(path.c_str(), &found), 0);
  const FileResource file = Identify(path);
  EXPECT_EQ(file.path, path);
  EXPECT_THAT(file.links, IsEmpty());
  ASSERT_TRUE(file.at_registration);
  EXPECT_EQ(file.at_registration->dev, found.st_dev);
  EXPECT_EQ(file.at_registration->ino, found.st_ino);
  EXPECT_EQ(file.at_registration->size, 5u);
  EXPECT_EQ(file.at_registration->mode, found.st_mode);
  EXPECT_EQ(file.at_registration->mtime_ns,
            found.st_mtim.tv_sec * 1'000'000'000 + found.st_mtim.tv_nsec);
}

TEST_F(IdentifyFileTest, DirectoryIsToldByItsMode) {
  EXPECT_TRUE(S_ISDIR(Identify(at_.path()).at_registration->mode));
  EXPECT_TRUE(S_ISDIR(Identify("/").at_registration->mode));
  EXPECT_TRUE(S_ISDIR(Identify(at_.path() + "/").at_registration->mode));
  EXPECT_TRUE(S_ISDIR(Identify(at_.path() + "/.").at_registration->mode));
}

TEST_F(IdentifyFileTest, SonameChainIsRemembered) {
  const std::string end = at_.Write("libx.so.1.2.3");
  fs::create_symlink("libx.so.1.2.3", at_.path() + "/libx.so.1");
  fs::create_symlink("libx.so.1", at_.path() + "/libx.so");
  const FileResource file = Identify(at_.path() + "/libx.so");
  EXPECT_THAT(file.links, ElementsAre(at_.path() + "/libx.so.1"));
  EXPECT_EQ(file.at_registration, Identify(end).at_registration);
}

TEST_F(IdentifyFileTest, LinkedParentsAreRemembered) {
  fs::create_directories(at_.path() + "/v2/lib");
  const std::string end = at_.Write("v2/lib/x");
  fs::create_symlink("v2", at_.path() + "/current");
  fs::create_symlink(at_.path() + "/current/lib", at_.path() + "/lib");
  const FileResource file = Identify(at_.path() + "/lib/x");
  EXPECT_THAT(file.links, ElementsAre(at_.path() + "/lib", at_.path() + "/current"));
  EXPECT_EQ(file.at_registration, Identify(end).at_registration);
  EXPECT_EQ(Identify(at_.path() + "/lib/../lib/x").at_registration, file.at_registration);
}

// Its text would lead to our own root.
TEST_F(IdentifyFileTest, ALinkOfProcLeadsWhereTheKernelSays) {
  if (geteuid() != 0) GTEST_SKIP() << "lacks root, to chroot";
  fs::create_directory(at_.path() + "/jail");
  const std::string file = at_.Write("jail/file");
  const test::Holder holder({"--root", at_.path() + "/jail", "--open", "/file"});
  const std::string process = "/proc/" + std::to_string(holder.pid());
  EXPECT_EQ(Identify(process + "/root/file").at_registration, Identify(file).at_registration);
  EXPECT_EQ(Identify(process + "/root/file/../file").at_registration, std::nullopt);
  EXPECT_EQ(Identify(process + "/exe").at_registration,
            Identify(test::HolderProgram()).at_registration);
}

TEST_F(IdentifyFileTest, WhatIsNotThereIsNoFailure) {
  fs::create_symlink("nowhere", at_.path() + "/dangling");
  EXPECT_FALSE(Identify(at_.path() + "/missing").at_registration);
  EXPECT_FALSE(Identify(at_.path() + "/missing/file").at_registration);
  EXPECT_FALSE(Identify(at_.path() + "/dangling").at_registration);
  EXPECT_FALSE(Identify(at_.Write("file") + "/below").at_registration);
  EXPECT_FALSE(Identify(at_.path() + "/file/").at_registration);
}

// It might lead to a file later, like any path (contract.md 6.4); and a list would fail for it.
TEST_F(IdentifyFileTest, LinksThatLeadInACircleAreNoFailure) {
  fs::create_symlink("b", at_.path() + "/a");
  fs::create_symlink("a", at_.path() + "/b");
  EXPECT_FALSE(Identify(at_.path() + "/a").at_registration);
  EXPECT_FALSE(Identify(at_.path() + "/a/x").at_registration);
}

TEST_F(IdentifyFileTest, AProgramGoesByThePathWithoutLinks) {
  const std::string end = fs::canonical(at_.Write("program"));
  fs::create_symlink("program", at_.path() + "/name");
  fs::create_symlink(".", at_.path() + "/here");
  EXPECT_EQ(WithoutLinks(at_.path() + "/here/./name"), end);
  EXPECT_EQ(WithoutLinks(at_.path() + "//missing"), at_.path() + "//missing");
  EXPECT_EQ(WithoutLinks("name"), "name");
}

TEST_F(IdentifyFileTest, RefusesWhatIsNoPath) {
  ExpectRefused("relative", "not an absolute path");
  ExpectRefused("", "not an absolute path");
  ExpectRefused(std::string("/a\0b", 4), "not an absolute path");
  ExpectRefused("/" + std::string(300, 'x'), "too long");
  std::string deep;
  while (deep.size() < 5000) deep += "/x";
  ExpectRefused(deep, "too long");
}

TEST_F(IdentifyFileTest, ManyAreTheSameAsOneByOne) {
  fs::create_directory(at_.path() + "/d");
  fs::create_symlink("d", at_.path() + "/l");
  at_.Write("d/one");
  at_.Write("two");
  fs::create_symlink("two", at_.path() + "/three");
  std::vector<std::string> paths;
  for (const char* name : {"/d/one", "/l/one", "/l/none", "/two", "/three", "/x/y", "/two", "/d"}) {
    paths.push_back(at_.path() + name);
  }
  const auto files = IdentifyFiles(paths);
  ASSERT_TRUE(files);
  ASSERT_EQ(files->size(), paths.size());
  for (size_t i = 0; i < paths.size(); ++i) {
    const FileResource one = Identify(paths[i]);
    EXPECT_EQ((*files)[i].path, paths[i]);
    EXPECT_EQ((*files)[i].links, one.links) << paths[i];
    EXPECT_EQ((*files)[i].at_registration, one.at_registration) << paths[i];
  }
}

// So many that threads share the work, and no multiple of anything.
TEST_F(IdentifyFileTest, ThousandsAreTheSameAsOneByOne) {
  std::vector<std::string> paths;
  for (int i = 0; i < 40; ++i) paths.push_back(at_.Write(std::to_string(i)));
  for (int i = 0; i < 10; ++i) {
    paths.push_back(at_.path() + "/link" + std::to_string(i));
    fs::create_symlink(paths[static_cast<size_t>(i)], paths.back());
  }
  std::vector<FileResource> one_by_one;
  for (const std::string& path : paths) one_by_one.push_back(Identify(path));
  std::vector<std::string> many;
  for (size_t i = 0; i < 5003; ++i) many.push_back(paths[i * 7 % paths.size()]);
  const Result<std::vector<FileResource>> files = IdentifyFiles(many);
  ASSERT_TRUE(files);
  ASSERT_EQ(files->size(), many.size());
  for (size_t i = 0; i < many.size(); ++i) {
    const FileResource& one = one_by_one[i * 7 % paths.size()];
    EXPECT_EQ((*files)[i].path, one.path) << i;
    EXPECT_EQ((*files)[i].at_registration, one.at_registration) << i;
  }
  many[4999] = "no/path";
  const Result<std::vector<FileResource>> refused = IdentifyFiles(many);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, kBadArguments);
}

}  // namespace
}  // namespace rm
