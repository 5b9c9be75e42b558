// The part of ProcessLook that compares what is mapped with what is on disk.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <vector>

#include "code/process_look.h"
#include "code/relocated.h"
#include "procfs/read.h"

namespace rm {
namespace {

// Start times are told in clock ticks, change times by the clock of the last tick.
constexpr int64_t kClockGrain = 20'000'000;  // ns
constexpr size_t kPage = 4096;

int64_t Nanoseconds(const struct statx_timestamp& t) {
  return int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

}  // namespace

bool ProcessLook::IsLocal(const Subject& subject) const {
  const uint64_t dev = subject.mapping.dev;
  const RootView* ours = shared_.our_root_.get();
  if (!root_->mounts().HasDevice(dev) && ours) return ours->mounts().IsLocalDevice(dev);
  return root_->mounts().IsLocalDevice(dev);
}

UniqueFd ProcessLook::OpenMapped(const Subject& subject) const {
  if (!IsLocal(subject)) return {};
  return OpenRegular(directory_, ObjectLink(subject).c_str());
}

UniqueFd ProcessLook::OpenNamed(RootView& view, const std::string& path) {
  const Named& named = view.Look(path);
  // Which name it is, the process itself has said.
  if (named.error || !view.HoldsFiles(named.object.stx_mnt_id)) return {};
  const UniqueFd object = view.Open(path);
  if (!object) return {};
  return OpenRegular(AT_FDCWD, fmt::format("/proc/self/fd/{}", object.get()).c_str());
}

const Content& ProcessLook::ReadNamed(RootView& view, const std::string& path) {
  return shared_.contents_.Of(view.Look(path).object, [&] { return OpenNamed(view, path); });
}

// From the file, or from the kernel, or from the first page of it in the process' memory.
Content ProcessLook::ReadMapped(Subject& subject) {
  Content content;
  if (const auto& object = ObjectOf(subject)) {
    content = shared_.contents_.Of(*object, [&] { return OpenMapped(subject); });
    if (content.readable) return content;
    content = {};
  }
  const uint64_t header = subject.mapping.header;
  if (header) {
    const ReadAt read = [&](uint64_t offset, std::span<std::byte> into) {
      return memory_->Read(header + offset, into.data(), into.size());
    };
    std::array<std::byte, 4> magic;
    content.readable = read(0, magic);
    if (const auto elf = ReadElf(read)) {
      content.is_elf = true;
      content.machine = elf->machine;
      content.is_64 = elf->is_64;
      content.build_id = BuildIdOf(*elf, read, true);
    }
  }
  if (content.build_id.empty() && IsLocal(subject)) {
    content.build_id = AskBuildId(directory_, subject.mapping.first.begin);
  }
  return content;
}

bool ProcessLook::IsSameProgramKind(Subject& subject, RootView& view, const std::string& path) {
  const Content mapped = ReadMapped(subject);
  const Content& named = ReadNamed(view, path);
  return named.is_elf && mapped.is_elf && named.machine == mapped.machine &&
         named.is_64 == mapped.is_64;
}

void ProcessLook::CompareContent(Subject& subject, RootView& view, MappedFile& fact) {
  if (!S_ISREG(view.Look(fact.path).object.stx_mode)) {
    fact.same_bytes = false;
    return;
  }
  const Content& named = ReadNamed(view, fact.path);
  fact.named_build_id = named.build_id;
  if (!named.readable) fact.trouble = "the file that is there now cannot be read";
  const Content mapped = ReadMapped(subject);
  if (!mapped.build_id.empty() || !named.build_id.empty()) return;
  const auto& object = ObjectOf(subject);
  if (!object) {
    CompareCode(subject, view, fact);
    return;
  }
  fact.same_bytes = shared_.contents_.AreEqual(
      *object, [&] { return OpenMapped(subject); }, view.Look(fact.path).object,
      [&] { return OpenNamed(view, fact.path); });
}

// Of a file that may not be opened, the code is in the memory of the process. Where it is the same,
// the rest of the file may differ.
void ProcessLook::CompareCode(const Subject& subject, RootView& view, MappedFile& fact) {
  constexpr uint64_t kMost = 16 << 20;
  const Mapping& mapping = subject.mapping;
  const UniqueFd named = OpenNamed(view, fact.path);
  const uint64_t size = std::min(mapping.first.end - mapping.first.begin, kMost);
  std::vector<char> mine(kPage), theirs(kPage);
  for (uint64_t at = 0; named && at < size; at += kPage) {
    if (!memory_->Read(mapping.first.begin + at, mine.data(), kPage)) break;
    const ssize_t got =
        pread(named.get(), theirs.data(), kPage, static_cast<off_t>(mapping.first_offset + at));
    if (got < 0) break;
    // Behind the end of a file its last page has zeros.
    std::fill(theirs.begin() + got, theirs.end(), '\0');
    if (mine != theirs) {
      fact.same_bytes = false;
      return;
    }
  }
  fact.trouble = "comparing the whole contents needs root";
}

void ProcessLook::DescribeMapped(Subject& subject, MappedFile& fact) {
  const Content content = ReadMapped(subject);
  fact.mapped_build_id = content.build_id;
  if (content.readable || content.is_elf) fact.is_elf = content.is_elf;
  if (const auto& object = ObjectOf(subject)) fact.born_ns = ToIdentity(*object).btime_ns;
}

// Times only make a suspect, for clocks are set: whether the file was written before or after it
// was loaded, the process' memory knows.
void ProcessLook::CompareTimes(Subject& subject, RootView& view, MappedFile& fact) {
  if (subject.kind == MappedKind::kData) return;
  const std::string& name = subject.found_as;
  const Named& named = view.Look(name);
  if (named.error) return;
  const int64_t start = started_ns_ + kClockGrain;
  const bool written = Nanoseconds(named.object.stx_mtime) > start;
  if (!written && Nanoseconds(named.object.stx_ctime) <= start) return;
  Relocated relocated = Relocated::kCannotTell;
  if (subject.base) {
    UniqueFd file = OpenMapped(subject);
    if (!file) file = OpenNamed(view, name);
    const ReadAt read = ReaderOf(file.get());
    if (const auto elf = file ? ReadElf(read) : std::nullopt) {
      relocated = IsRelocatedFrom(*elf, read, *memory_, *subject.base);
    }
  }
  const int64_t born = ToIdentity(named.object).btime_ns;
  const bool was_there = born != 0 && born <= start;
  if (relocated == Relocated::kNo) {
    fact.overwritten = Overwritten::kYes;
  } else if (written && was_there) {
    fact.overwritten = Overwritten::kPerhaps;
  }
}

}  // namespace rm
