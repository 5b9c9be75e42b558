#include "store/boot_debt_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

#include "base/private_file.h"
#include "base/win32_codes.h"
#include "store/directory.h"

namespace rm {
namespace {

constexpr std::string_view kPrefix = "owed-";
constexpr std::string_view kNew = ".new";
constexpr std::string_view kAside = "damaged-";

bool IsSessionName(std::string_view name) {
  return name.size() == 16 && name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string NameOf(const std::string& session) { return std::string(kPrefix) + session; }

// Names of what sessions owe, in order, so that everybody meets the same file first.
std::vector<std::string> ListNames(int directory) {
  std::vector<std::string> names;
  const int own = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(own < 0 ? nullptr : ::fdopendir(own), closedir);
  if (!entries) return names;
  while (const dirent* entry = ::readdir(entries.get())) {
    const std::string_view name(entry->d_name);
    if (name.starts_with(kPrefix) && IsSessionName(name.substr(kPrefix.size())))
      names.emplace_back(name);
  }
  std::ranges::sort(names);
  return names;
}

Result<void> WriteAll(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t size = ::write(file, text.data(), text.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return Fail(kWriteFault, "{}", std::strerror(size < 0 ? errno : ENOSPC));
    text.remove_prefix(static_cast<size_t>(size));
  }
  return {};
}

Result<std::string> ReadAll(int file) {
  std::string text;
  char buffer[16 * 1024];
  while (text.size() <= kMaxBootDebts) {
    const ssize_t size = ::read(file, buffer, sizeof buffer);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return Fail(kWriteFault, "it cannot be read: {}", std::strerror(errno));
    if (size == 0) break;
    text.append(buffer, static_cast<size_t>(size));
  }
  return text;
}

}  // namespace

BootDebtFiles::BootDebtFiles(std::string directory, std::string boot_id)
    : directory_(std::move(directory)), boot_id_(std::move(boot_id)) {}

Result<void> BootDebtFiles::Keep(const std::string& session, const BootDebts& debts) const {
  const bool made = !debts.empty() && MakePrivateDirectory(directory_) == 0;
  if (debts.empty() && ::access(PathOf(NameOf(session)).c_str(), F_OK) != 0 && errno == ENOENT)
    return {};
  auto directory = OpenPrivateDirectory(directory_);
  if (!directory)
    return Fail(kWriteFault, "What is owed after a reboot cannot be written down: {}",
                directory.error().message);
  // The directory itself has to be there after a power failure, too.
  if (made) {
    const UniqueFd above(::openat(directory->get(), "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!above || ::fsync(above.get()) != 0)
      return Fail(kWriteFault, "The directory above {} cannot be synchronized: {}.", directory_,
                  std::strerror(errno));
  }
  if (!debts.empty()) return Write(directory->get(), NameOf(session), Serialize(debts));
  const std::string path = PathOf(NameOf(session));
  if (::unlinkat(directory->get(), NameOf(session).c_str(), 0) != 0 && errno != ENOENT)
    return Fail(kWriteFault, "{} cannot be removed, although what it owes is paid: {}.", path,
                std::strerror(errno));
  if (::fsync(directory->get()) != 0)
    return Fail(kWriteFault, "{} cannot be synchronized: {}.", directory_, std::strerror(errno));
  return {};
}

Result<void> BootDebtFiles::Write(int directory, const std::string& name,
                                  const std::string& text) const {
  if (text.size() > kMaxBootDebts)
    return Fail(kWriteFault, "So many services are stopped that {} would become too large.",
                PathOf(name));
  const std::string fresh = name + std::string(kNew);
  ::unlinkat(directory, fresh.c_str(), 0);  // of somebody who was killed
  const UniqueFd file(::openat(directory, fresh.c_str(),
                               O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                               S_IRUSR | S_IWUSR));
  Result<void> written = Fail(kWriteFault, "{}", std::strerror(errno));
  if (file) written = WriteAll(file.get(), text);
  // Also under a umask that takes rights from the owner.
  if (written && (::fchmod(file.get(), S_IRUSR | S_IWUSR) != 0 || ::fsync(file.get()) != 0 ||
                  ::renameat(directory, fresh.c_str(), directory, name.c_str()) != 0 ||
                  ::fsync(directory) != 0))
    written = Fail(kWriteFault, "{}", std::strerror(errno));
  if (written) return {};
  ::unlinkat(directory, fresh.c_str(), 0);
  return Fail(kWriteFault,
              "What is owed after a reboot cannot be written to {}: {}. Make room there, or let it "
              "be written.",
              PathOf(name), written.error().message);
}

Result<BootDebts> BootDebtFiles::Read(int directory, const std::string& name) const {
  const UniqueFd file(
      ::openat(directory, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat about {};
  if (!file || ::fstat(file.get(), &about) != 0)
    return Fail(kWriteFault, "it cannot be opened: {}", std::strerror(errno));
  if (!S_ISREG(about.st_mode) || about.st_uid != ::geteuid() || about.st_nlink != 1 ||
      (about.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return Fail(kWriteFault, "it (owner {}, mode {:06o}, {} links) is not a file of user {} alone",
                about.st_uid, about.st_mode, about.st_nlink, ::geteuid());
  auto text = ReadAll(file.get());
  if (!text) return Pass(std::move(text));
  return ParseBootDebts(*text);
}

bool BootDebtFiles::HasEarlier() const {
  // Mostly nobody owes anything: then this is all it costs.
  if (::access(directory_.c_str(), F_OK) != 0) return false;
  const auto directory = OpenPrivateDirectory(directory_);
  if (!directory) return false;
  for (const std::string& name : ListNames(directory->get())) {
    const auto debts = Read(directory->get(), name);
    if (!debts || debts->boot_id != boot_id_) return true;
  }
  return false;
}

BootDebtFiles::Found BootDebtFiles::TakeStock() const {
  Found found;
  if (::access(directory_.c_str(), F_OK) != 0 && errno == ENOENT) return found;
  auto directory = OpenPrivateDirectory(directory_);
  if (!directory) {
    found.trouble = Error{kWriteFault, "What was owed before the last boot is not known: " +
                                           directory.error().message};
    return found;
  }
  for (const std::string& name : ListNames(directory->get())) {
    auto debts = Read(directory->get(), name);
    if (!debts)
      found.trouble = Error{
          kWriteFault,
          fmt::format("What a session owed before the last boot is not known: {} is no file of "
                      "Restart Manager: {}. {}",
                      PathOf(name), debts.error().message, SetAside(directory->get(), name))};
    else if (debts->boot_id != boot_id_)
      found.sessions.push_back({name.substr(kPrefix.size()), std::move(*debts)});
  }
  return found;
}

std::string BootDebtFiles::SetAside(int directory, const std::string& name) const {
  const std::string aside = std::string(kAside) + name.substr(kPrefix.size());
  if (::renameat(directory, name.c_str(), directory, aside.c_str()) != 0)
    return fmt::format("It cannot be set aside ({}): remove it.", std::strerror(errno));
  (void)::fsync(directory);
  return fmt::format(
      "It is kept as {}: look which units it names, start those that are down, and remove it.",
      PathOf(aside));
}

}  // namespace rm
