#include "base/registration.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include <filesystem>
#include <random>

#include "base/start_ticks.h"

namespace rm {
namespace {

RegistrationNote Mine() {
  RegistrationNote note;
  note.pid = getpid();
  note.start_ticks = *ReadStartTicks(OpenProcessDirectory(getpid()).get());
  note.flags = 0xffffffff;
  note.command_line = "--open \"a b\"";
  note.arguments = {"--open", "a b", "", "\xff"};
  return note;
}

bool IsRegistered() {
  const auto read = ReadRegistration(getpid());
  EXPECT_TRUE(read) << read.error().message;
  return read && *read;
}

// A memfd of that name, as a program of its own making might keep one.
UniqueFd Forge(const std::string& bytes, int seals) {
  UniqueFd fd(memfd_create("restart-manager-registration", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  EXPECT_EQ(write(fd.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  if (seals != 0) {
    EXPECT_EQ(fcntl(fd.get(), F_ADD_SEALS, seals), 0);
  }
  return fd;
}

TEST(Registration, IsReadWhileTheDescriptorIsOpen) {
  EXPECT_FALSE(IsRegistered());
  UniqueFd kept = SealRegistration(EncodeRegistration(Mine()));
  const auto read = ReadRegistration(getpid());
  ASSERT_TRUE(read && *read);
  EXPECT_EQ((*read)->flags, 0xffffffff);
  EXPECT_EQ((*read)->command_line, Mine().command_line);
  EXPECT_EQ((*read)->arguments, Mine().arguments);
  kept.Reset();
  EXPECT_FALSE(IsRegistered());
}

TEST(Registration, CanBeChangedByNobody) {
  const UniqueFd kept = SealRegistration(EncodeRegistration(Mine()));
  EXPECT_EQ(pwrite(kept.get(), "x", 1, 0), -1);
  EXPECT_EQ(ftruncate(kept.get(), 0), -1);
  EXPECT_EQ(mmap(nullptr, 1, PROT_WRITE, MAP_SHARED, kept.get(), 0), MAP_FAILED);
}

TEST(Registration, OfAParentDoesNotCountForItsChild) {
  const UniqueFd kept = SealRegistration(EncodeRegistration(Mine()));
  const pid_t child = fork();
  if (child == 0) _exit(IsRegistered() ? 1 : 0);
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(IsRegistered());
}

TEST(Registration, CountsOnlyWhenFullySealed) {
  const std::string bytes = EncodeRegistration(Mine());
  const int all = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
  EXPECT_FALSE((Forge(bytes, 0), IsRegistered()));
  for (int missing : {F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE}) {
    const UniqueFd fd = Forge(bytes, all & ~missing);
    EXPECT_FALSE(IsRegistered()) << missing;
  }
  const UniqueFd fd = Forge(bytes, all);
  EXPECT_TRUE(IsRegistered());
}

TEST(Registration, ThatIsTooLargeOrForeignOrDamagedIsPassedOver) {
  const int all = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
  const UniqueFd empty = Forge("", all);
  const UniqueFd foreign = Forge("something else", all);
  RegistrationNote large = Mine();
  large.arguments = {std::string(kRegistrationMaxBytes, 'x')};
  const UniqueFd too_large = Forge(EncodeRegistration(large), all);
  RegistrationNote of_another = Mine();
  ++of_another.start_ticks;
  const UniqueFd other = Forge(EncodeRegistration(of_another), all);
  RegistrationNote cut = Mine();
  cut.arguments = {std::string("a\0b", 3)};
  const UniqueFd with_nul = Forge(EncodeRegistration(cut), all);
  EXPECT_FALSE(IsRegistered());
  const UniqueFd right = SealRegistration(EncodeRegistration(Mine()));
  EXPECT_TRUE(IsRegistered());
}

// On a file system of its own, a file of any kind can be given the very text of a memfd's link.
TEST(Registration, OfThatNameWhichIsNoMemfdIsNotEvenOpened) {
  const UniqueFd context(fsopen("tmpfs", FSOPEN_CLOEXEC));
  if (!context) GTEST_SKIP() << "mounting needs CAP_SYS_ADMIN";
  ASSERT_EQ(fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0), 0);
  const UniqueFd mount(fsmount(context.get(), FSMOUNT_CLOEXEC, 0));
  const UniqueFd file(openat(mount.get(), "memfd:restart-manager-registration (deleted)",
                             O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  const std::string link = "/proc/self/fd/" + std::to_string(file.get());
  ASSERT_EQ(std::filesystem::read_symlink(link), "/memfd:restart-manager-registration (deleted)");
  const UniqueFd watch(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  ASSERT_GE(inotify_add_watch(watch.get(), link.c_str(), IN_OPEN), 0);
  EXPECT_FALSE(IsRegistered());
  char event[4096];
  EXPECT_EQ(read(watch.get(), event, sizeof event), -1);
  EXPECT_EQ(errno, EAGAIN);
  EXPECT_TRUE(UniqueFd(open(link.c_str(), O_RDONLY | O_CLOEXEC)));
  EXPECT_GT(read(watch.get(), event, sizeof event), 0) << "the watch would not have seen it";
}

TEST(Registration, SurvivesAnyBytes) {
  const std::string bytes = EncodeRegistration(Mine());
  std::mt19937 random(1);
  for (int round = 0; round < 20000; ++round) {
    std::string bad = bytes;
    bad[random() % bad.size()] ^= static_cast<char>(1 << random() % 8);
    bad.resize(random() % (bad.size() + 1));
    const auto note = DecodeRegistration(bad);
    if (note) {
      ASSERT_EQ(EncodeRegistration(*note), bad);
    }
  }
}

}  // namespace
}  // namespace rm
