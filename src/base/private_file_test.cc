// Has it its mode whatever the umask is, and is nothing that is there touched?
#include "base/private_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>

namespace rm {
namespace {

namespace fs = std::filesystem;

class PrivateFile : public ::testing::Test {
 protected:
  PrivateFile() {
    std::string pattern = ::testing::TempDir() + "rm-private-XXXXXX";
    if (!mkdtemp(pattern.data())) abort();
    path_ = pattern;
    opened_.Reset(open(path_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    before_ = umask(0777);
  }
  ~PrivateFile() override {
    umask(before_);
    fs::remove_all(path_);
  }

  mode_t ModeOf(const std::string& name) const {
    struct stat about {};
    return lstat((path_ + "/" + name).c_str(), &about) == 0 ? about.st_mode & 07777 : 0;
  }
  size_t Names() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(path_), {}));
  }

  std::string path_;
  UniqueFd opened_;
  mode_t before_ = 0;
};

TEST_F(PrivateFile, HasItsModeUnderAnyUmask) {
  EXPECT_EQ(MakePrivateFile(opened_.get(), "made"), 0);
  EXPECT_EQ(ModeOf("made"), 0600u);
  EXPECT_TRUE(OpenPrivateFile(path_ + "/opened"));
  EXPECT_EQ(ModeOf("opened"), 0600u);
  EXPECT_EQ(MakePrivateDirectory(path_ + "/directory"), 0);
  EXPECT_EQ(ModeOf("directory"), 0700u);
  umask(0);
  EXPECT_EQ(MakePrivateFile(opened_.get(), "open to all"), 0);
  EXPECT_EQ(ModeOf("open to all"), 0600u);
  EXPECT_EQ(Names(), 4u) << "and nothing else is left";
}

TEST_F(PrivateFile, WhatIsThereStaysAsItIs) {
  umask(0);
  std::ofstream(path_ + "/there") << "x";
  EXPECT_EQ(MakePrivateFile(opened_.get(), "there"), EEXIST);
  EXPECT_TRUE(OpenPrivateFile(path_ + "/there"));
  EXPECT_EQ(ModeOf("there"), 0666u);
  EXPECT_EQ(fs::file_size(path_ + "/there"), 1u);
  fs::create_directory(path_ + "/directory");
  EXPECT_EQ(MakePrivateDirectory(path_ + "/directory"), EEXIST);
  EXPECT_EQ(ModeOf("directory"), 0777u);
  fs::create_symlink(path_ + "/nowhere", path_ + "/link");
  EXPECT_EQ(MakePrivateFile(opened_.get(), "link"), EEXIST);
  EXPECT_EQ(MakePrivateDirectory(path_ + "/link"), EEXIST);
  EXPECT_FALSE(OpenPrivateFile(path_ + "/link"));
  EXPECT_EQ(Names(), 3u) << "and nothing else is left";
}

TEST_F(PrivateFile, WithoutItsDirectoryThereIsNone) {
  EXPECT_FALSE(OpenPrivateFile(path_ + "/no/file"));
  EXPECT_EQ(errno, ENOENT);
  EXPECT_EQ(MakePrivateDirectory(path_ + "/no/directory"), ENOENT);
}

}  // namespace
}  // namespace rm
