#include "procfs/identity.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/limits.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <future>
#include <optional>
#include <system_error>

#include "base/processors.h"
#include "base/win32_codes.h"
#include "procfs/child_answers.h"
#include "procfs/follow_links.h"
#include "procfs/handles_of.h"
#include "procfs/layers.h"
#include "procfs/lookup_child.h"
#include "procfs/mounts.h"
#include "procfs/object_handle.h"
#include "procfs/read.h"

namespace rm {
namespace {

constexpr std::chrono::milliseconds kPatience{3000};
constexpr unsigned kMostThreads = 8;
constexpr size_t kPathsOfThread = 1000;  // take it some milliseconds

// 0 or an errno; on 0 `end` is the path without links.
int FollowLinksOf(const std::string& path, std::vector<std::string>& links, std::string& end) {
  return FollowLinks(
      path,
      [&](const std::string& here, std::string& target) {
        const int error = ReadLinkAt(AT_FDCWD, here.c_str(), target);
        if (!error) links.push_back(here);
        return error;
      },
      end);
}

// A directory, and the links on the way to it.
struct Directory {
  std::string path;
  std::vector<std::string> links;
  UniqueFd fd;
  bool may_have_origins = true;
};

// What the path is to be looked up with.
struct Walk {
  bool follow = true;  // false: a link on the way is not followed, and makes it `linked`
  bool linked = false;
  Directory directory{};  // kept from one path to the next: most are in the same one
  Layers layers{Layers::Wait::kMay};
};

// 0 or an errno.
int OpenDirectory(const std::string& path, Directory& directory, Walk& walk) {
  directory = {.path = path};
  struct open_how how {};
  how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_NO_SYMLINKS;
  directory.fd.Reset(
      static_cast<int>(syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how)));
  if (directory.fd) return 0;
  // Linux before 5.6 and some sandboxes do not know the call.
  if (errno != ELOOP && errno != ENOSYS && errno != EPERM) return errno;
  walk.linked = !walk.follow;
  if (walk.linked) {
    directory = {};
    return 0;
  }
  // The kernel itself follows them: those of /proc are more than their text.
  directory.fd.Reset(open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory.fd) return errno;
  // Changed meanwhile, or one of /proc that is no path: then not all of them are known.
  std::string end;
  (void)FollowLinksOf(path, directory.links, end);
  return 0;
}

constexpr unsigned kWanted = STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID;

// 0 or an errno.
int OpenObject(int directory, const std::string& name, int flags, UniqueFd& object,
               struct statx& found) {
  object.Reset(openat(directory, name.c_str(), O_PATH | O_CLOEXEC | flags));
  if (!object) return errno;
  return StatOpened(object.get(), kWanted, found);
}

struct Found {
  UniqueFd object;  // if it had to be opened
  struct statx status {};
  std::optional<ObjectHandle> handle;  // if it was read already
  bool may_have_origin = true;
};

// Asks by the name, twice, which takes half the time of opening it. False: it is a link or of an
// overlay, or may have been replaced in between.
bool AskByName(Walk& walk, const std::string& name, Found& found, int& error) {
  const int at = walk.directory.fd.get();
  if (statx(at, name.c_str(), AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, kWanted, &found.status)) {
    error = errno;
    return true;
  }
  if (S_ISLNK(found.status.stx_mode)) return false;
  if (!S_ISREG(found.status.stx_mode)) return true;
  if (walk.layers.IsOverlay(found.status.stx_mnt_id)) return false;
  ObjectHandle handle;
  if (const int none = ReadHandle(at, name.c_str(), handle, AtLink::kStop))
    return none == EOPNOTSUPP;
  const std::vector<uint64_t> numbers = NumbersIn(handle);
  if (handle.overlay ||
      std::find(numbers.begin(), numbers.end(), found.status.stx_ino) == numbers.end())
    return false;
  found.handle = std::move(handle);
  return true;
}

// 0 or an errno.
int FindObject(FileResource& file, Walk& walk, Found& found) {
  const size_t slash = file.path.rfind('/');
  const std::string name = file.path.substr(slash + 1);
  const std::string parent = file.path.substr(0, std::max<size_t>(slash, 1));
  Directory& directory = walk.directory;
  const bool plain = !name.empty() && name != "." && name != "..";
  if (plain) {
    if (directory.path != parent) {
      if (const int error = OpenDirectory(parent, directory, walk)) {
        directory = {};
        return error;
      }
      if (directory.fd) directory.may_have_origins = MayHaveOrigins(directory.fd.get());
    }
    if (walk.linked) return 0;
    int error = 0;
    if (directory.may_have_origins || !AskByName(walk, name, found, error))
      error = OpenObject(directory.fd.get(), name, O_NOFOLLOW, found.object, found.status);
    if (error) return error;
    if (!S_ISLNK(found.status.stx_mode)) {
      file.links = directory.links;
      found.may_have_origin = directory.may_have_origins;
      return 0;
    }
  }
  walk.linked = !walk.follow;
  if (walk.linked) return 0;
  if (const int error = OpenObject(AT_FDCWD, file.path, 0, found.object, found.status))
    return error;
  std::string end;
  (void)FollowLinksOf(file.path, file.links, end);
  std::erase(file.links, file.path);
  return 0;
}

void AddHandles(FileResource& file, Found& found, Layers& layers) {
  if (found.handle) {
    file.handles.push_back(std::move(*found.handle));
    file.handles.back().dev = DeviceOf(found.status);
  } else if (found.object) {
    file.handles = HandlesOf(found.object.get(), found.status, found.may_have_origin,
                             ProcessInPath(file.path).get(), layers);
  }
}

// Whether it is a server or a disk that failed: what is at the path then is not known.
bool IsOutOfReach(int error) {
  constexpr std::array kTheirs = {EIO,       ENOTCONN,     ESTALE,      ETIMEDOUT, EHOSTDOWN,
                                  ESHUTDOWN, EHOSTUNREACH, ENETUNREACH, EREMOTEIO, ENODEV};
  return std::ranges::count(kTheirs, error) != 0;
}

Result<FileResource> Identify(const std::string& path, Walk& walk) {
  if (!path.starts_with('/') || path.find('\0') != path.npos) {
    return Fail(kBadArguments, "\"{}\" is not an absolute path. Give the path from the root on.",
                path);
  }
  FileResource file{.path = path};
  Found found;
  walk.linked = false;
  const int error = path.size() < PATH_MAX ? FindObject(file, walk, found) : ENAMETOOLONG;
  file.unreachable = IsOutOfReach(error);
  if (!error && !walk.linked) {
    file.at_registration = ToIdentity(found.status);
    AddHandles(file, found, walk.layers);
  }
  if (error == ENAMETOOLONG) return Fail(kBadArguments, "The path {} is too long.", path);
  if (IsExhausted(error)) return Fail(kOutOfMemory, "Cannot open {}: {}.", path, strerror(error));
  return file;
}

// Fills `files` but for those where a server might have to be asked: their numbers.
Result<std::vector<size_t>> IdentifyHere(std::span<const std::string> paths,
                                         std::span<FileResource> files,
                                         const std::vector<std::string>& served) {
  std::vector<size_t> later;
  Walk walk{.follow = served.empty()};
  for (size_t i = 0; i < paths.size(); ++i) {
    if (!IsElsewhere(paths[i], served)) {
      later.push_back(i);
      continue;
    }
    Result<FileResource> file = Identify(paths[i], walk);
    if (!file) return Pass(std::move(file));
    if (walk.linked) later.push_back(i);
    files[i] = std::move(*file);
  }
  return later;
}

// The same, by as many threads as it pays for. A limit on threads only makes it slower.
Result<std::vector<size_t>> IdentifyByThreads(std::span<const std::string> paths,
                                              std::span<FileResource> files,
                                              const std::vector<std::string>& served) {
  using Numbers = Result<std::vector<size_t>>;
  const size_t threads =
      std::clamp<size_t>(paths.size() / kPathsOfThread, 1, std::min(Processors(), kMostThreads));
  const size_t share = std::max<size_t>((paths.size() + threads - 1) / threads, 1);
  const auto identify = [&](size_t first) {
    const size_t count = std::min(share, paths.size() - first);
    return IdentifyHere(paths.subspan(first, count), files.subspan(first, count), served);
  };
  std::vector<std::future<Numbers>> others;
  for (size_t first = share; first < paths.size(); first += share) {
    try {
      others.push_back(std::async(std::launch::async, identify, first));
    } catch (const std::system_error&) {
      others.push_back(std::async(std::launch::deferred, identify, first));
    }
  }
  Numbers later = identify(0);
  for (size_t i = 0; i < others.size(); ++i) {
    Numbers more = others[i].get();
    if (!later) continue;
    if (!more) {
      later = std::move(more);
      continue;
    }
    for (const size_t number : *more) later->push_back((i + 1) * share + number);
  }
  return later;
}

}  // namespace

std::string WithoutLinks(const std::string& path) {
  if (!path.starts_with('/')) return path;
  const auto follow = [&](size_t) {
    std::vector<std::string> links;
    std::string end;
    return FollowLinksOf(path, links, end) == 0 ? end : path;
  };
  // Where a link leads shows only when it was followed.
  if (ServedPoints(ReadMounts()).empty()) return follow(0);
  ChildQuestions questions;
  questions.count = 1;
  questions.answer = follow;
  const auto answers = AnswersFromChild(questions, kPatience);
  return answers && answers->front() ? *answers->front() : path;
}

Result<FileResource> IdentifyFile(const std::string& path) {
  Result<std::vector<FileResource>> files = IdentifyFiles(std::span(&path, 1));
  if (!files) return Pass(std::move(files));
  return std::move(files->front());
}

Result<std::vector<FileResource>> IdentifyFiles(std::span<const std::string> paths,
                                                std::chrono::milliseconds patience) {
  const std::vector<std::string> served = ServedPoints(ReadMounts());
  std::vector<FileResource> files(paths.size());
  Result<std::vector<size_t>> later = IdentifyByThreads(paths, files, served);
  if (!later) return Pass(std::move(later));
  if (later->empty()) return files;

  std::vector<std::string> unsure;
  for (const size_t i : *later) unsure.push_back(paths[i]);
  const auto look = [](const std::string& path) {
    Walk whole;
    return Identify(path, whole);
  };
  auto found = LookFromChild(unsure, served, look, patience);
  if (!found) return Pass(std::move(found));
  for (size_t k = 0; k < later->size(); ++k) files[(*later)[k]] = std::move((*found)[k]);
  return files;
}

}  // namespace rm
