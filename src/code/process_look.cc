#include "code/process_look.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/personality.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "code/set_aside.h"
#include "procfs/parse.h"
#include "procfs/read.h"

namespace rm {
namespace {

constexpr unsigned kWanted = STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID;

// What the kernel keeps in file systems of its own, under names that it makes up.
constexpr std::array<std::string_view, 9> kMemoryNames = {
    "/memfd:",        "/SYSV", "/dev/zero", "/[aio]",    "/anon_hugepage",
    "/drm mm object", "/i915", "/dmabuf",   "/secretmem"};

constexpr size_t kMostArguments = 16 << 20;  // bytes

bool IsMissing(int error) { return error == ENOENT || error == ENOTDIR; }

// Names of descriptors: what was executed or loaded has no name there that lasts.
bool IsNoName(std::string_view path) {
  return path.empty() || path.starts_with("/proc/") || path.starts_with("/dev/fd/");
}

std::string Beside(const std::string& path, const std::string& other) {
  return path.substr(0, path.rfind('/') + 1) + other.substr(other.rfind('/') + 1);
}

std::string WithoutDeleted(const std::string& path) {
  return path.substr(0, path.size() - std::strlen(kDeletedSuffix));
}

std::string WhyNot(int error) {
  return error == kNotLooked ? "it is on a file system that may not answer" : strerror(error);
}

}  // namespace

ProcessLook::ProcessLook(ProcessCode& shared, int directory, const ProcessId& id)
    : shared_(shared), directory_(directory), id_(id) {
  const auto per_second = static_cast<uint64_t>(sysconf(_SC_CLK_TCK));
  started_ns_ =
      shared.boot_ns_ + static_cast<int64_t>(id.start_ticks * (1'000'000'000 / per_second));
}

int ProcessLook::Look(std::vector<MappedFile>& found) {
  if (const int error = ReadMappings(directory_, shared_.buffer_, mappings_)) return error;
  if (mappings_.files.empty()) return 0;
  root_ = shared_.RootOf(directory_, our_namespace_);
  if (!root_ || ReadLinkAt(directory_, "exe", executable_) ||
      ReadLinkAt(directory_, "root", inside_)) {
    return EACCES;
  }
  if (inside_ == "/") inside_.clear();
  if (root_->is_removed()) inside_ = WithoutDeleted(inside_);
  ReadNames();
  for (size_t i = 0; i < mappings_.files.size(); ++i) Examine(i, found);
  return 0;
}

void ProcessLook::ReadNames() {
  std::vector<AddressRange> foreign;
  for (const Mappings::Part& part : mappings_.parts) {
    if (part.file < 0) continue;
    const uint64_t dev = mappings_.files[static_cast<size_t>(part.file)].dev;
    if (!root_->mounts().IsLocalDevice(dev)) foreign.push_back(part.range);
  }
  memory_.emplace(directory_, std::move(foreign));
  loaded_as_.resize(mappings_.files.size());
  bases_.resize(mappings_.files.size());
  LoadedNames names = ReadLoadedNames(directory_, *memory_);
  const auto name = [&](uint64_t address, std::string& loaded_as, uint64_t base) {
    const int file = mappings_.FileAt(address);
    if (file < 0) return;
    const auto number = static_cast<size_t>(file);
    bases_[number] = base;
    if (IsNoName(loaded_as)) return;
    // From which directory a relative name was meant is lost, but not how the file was called.
    loaded_as_[number] = loaded_as.starts_with('/')
                             ? std::move(loaded_as)
                             : Beside(SubjectOf(mappings_.files[number]).shown, loaded_as);
  };
  program_ = mappings_.FileAt(names.program_headers);
  name(names.program_headers, names.program, names.base);
  for (LoadedLibrary& library : names.libraries) name(library.dynamic, library.name, library.base);
}

// It was printed as if our root were its root, or from that of its mount namespace on.
bool ProcessLook::IsInRoot(const std::string& printed) const {
  return !inside_.empty() && printed.starts_with(inside_ + '/');
}

ProcessLook::Subject ProcessLook::SubjectOf(const Mapping& mapping) const {
  Subject subject{.mapping = mapping, .kind = MappedKind::kLibrary};
  subject.printed = UnescapeMapsPath(mapping.path);
  subject.shown =
      IsInRoot(subject.printed) ? subject.printed.substr(inside_.size()) : subject.printed;
  if (subject.printed == executable_) subject.kind = MappedKind::kExecutable;
  return subject;
}

void ProcessLook::Examine(size_t number, std::vector<MappedFile>& found) {
  const Mapping& mapping = mappings_.files[number];
  Subject subject = SubjectOf(mapping);
  subject.is_program = static_cast<int>(number) == program_;
  subject.loaded_as = loaded_as_[number];
  subject.base = bases_[number];
  // What a loader has loaded is code: it may have none but data, or moved its code to other memory.
  if (subject.kind != MappedKind::kExecutable && !mapping.executable && !subject.base) {
    subject.kind = MappedKind::kData;
    if (!mapping.path.ends_with(kDeletedSuffix)) return;
  }
  MappedFile fact;
  fact.process = id_;
  fact.kind = subject.kind;
  fact.process_started_ns = started_ns_;
  fact.mapped = subject.shown;
  if (IsMemory(subject)) {
    fact.never_named = true;
    fact.at_name = AtName::kNothing;
    if (fact.mapped.ends_with(kDeletedSuffix)) fact.mapped = WithoutDeleted(fact.mapped);
    fact.path = fact.mapped;
    found.push_back(std::move(fact));
    return;
  }
  RootView* view = FindName(subject, fact);
  if (view && fact.at_name == AtName::kSame) {
    if (RootView* source = FindMountedFrom(subject, fact))
      view = source;
    else
      CompareTimes(subject, *view, fact);
  }
  if (fact.at_name == AtName::kSame && fact.overwritten == Overwritten::kNo) return;
  if (subject.kind == MappedKind::kLibrary && RunsAllItReads() && !ReadMapped(subject).is_elf) {
    if (fact.at_name == AtName::kSame) return;
    fact.kind = subject.kind = MappedKind::kData;
  }
  if (view && fact.at_name == AtName::kOther) CompareContent(subject, *view, fact);
  DescribeMapped(subject, fact);
  found.push_back(std::move(fact));
}

// personality(2): where all that may be read may be executed, that tells nothing of what it is.
bool ProcessLook::RunsAllItReads() {
  if (!runs_all_it_reads_) {
    std::string text;
    ReadFileAt(directory_, "personality", 64, text);
    const uint64_t persona = ParseNumber(text.substr(0, text.find('\n')), 16).value_or(0);
    runs_all_it_reads_ = (persona & READ_IMPLIES_EXEC) != 0;
  }
  return *runs_all_it_reads_;
}

// Who executes a script gets its interpreter, by the name in its first line, with the name of the
// script among the arguments: behind those of that line, execve(2).
bool ProcessLook::TakeNameOfInterpreter(Subject& subject) const {
  // That of ld.so is a program by itself.
  if (!subject.is_program || subject.kind != MappedKind::kExecutable) return false;
  const std::string& name = subject.loaded_as;
  std::string text;
  if (ReadFileAt(directory_, "cmdline", kMostArguments, text)) return false;
  std::vector<std::string> arguments = Split(text, '\0');
  if (name.empty() || arguments.empty() || arguments[0] == name || !arguments[0].starts_with('/'))
    return false;
  const bool is_script = (arguments.size() > 1 && arguments[1] == name) ||
                         (arguments.size() > 2 && arguments[2] == name);
  if (is_script) subject.loaded_as = std::move(arguments[0]);
  return is_script;
}

bool ProcessLook::IsMemory(const Subject& subject) const {
  const uint64_t dev = subject.mapping.dev;
  const bool is_mounted = root_->mounts().HasDevice(dev) ||
                          (shared_.our_root_ && shared_.our_root_->mounts().HasDevice(dev));
  return !is_mounted && std::any_of(kMemoryNames.begin(), kMemoryNames.end(),
                                    [&](auto name) { return subject.shown.starts_with(name); });
}

std::string ProcessLook::ObjectLink(const Subject& subject) const {
  if (subject.kind == MappedKind::kExecutable) return "exe";
  return MapFileName(subject.mapping.first.begin, subject.mapping.first.end);
}

const std::optional<struct statx>& ProcessLook::ObjectOf(Subject& subject) {
  if (subject.asked) return subject.object;
  subject.asked = true;
  struct statx found {};
  if (StatAt(directory_, ObjectLink(subject).c_str(), kWanted, found) == 0) subject.object = found;
  return subject.object;
}

// No two file systems share a device number; where st_dev is not the superblock's, the object
// itself decides. Who may not ask for that goes by the inode number and trusts the build-ids to
// differ.
bool ProcessLook::IsSame(Subject& subject, const Named& named) {
  if (named.error) return false;
  const Mapping& mapping = subject.mapping;
  const bool same_number = named.object.stx_ino == mapping.ino;
  if (same_number && DeviceOf(named.object) == mapping.dev) return true;
  if (const auto& object = ObjectOf(subject)) return IsSameFile(*object, named.object);
  return same_number && root_->mounts().HasOwnNumbers(mapping.dev);
}

// A name is good where the process lives, or where its file was mounted when it was loaded: the
// process may have changed its root or its mount namespace since.
void ProcessLook::ChooseViews(Subject& subject) {
  views_ = {root_};
  trouble_.clear();
  RootView* ours = our_namespace_ ? shared_.our_root_.get() : nullptr;
  const auto& object = ObjectOf(subject);
  if (!object || !(object->stx_mask & STATX_MNT_ID)) {
    if (ours)
      views_.push_back(ours);
    else if (!LivesHere())
      NameIsOfElsewhere();
    return;
  }
  const uint64_t mount = object->stx_mnt_id;
  if (root_->mounts().HasMount(mount)) return;
  // The mount that a root is a folder of shows in no table of who lives there. A whole name from
  // before it became the root leads through it.
  const bool is_named_before = IsInRoot(subject.loaded_as);
  if (mount == root_->mount() && IsInRoot(subject.printed) && !is_named_before) return;
  RootView* all = shared_.our_root_.get();
  if (all && all->mounts().HasMount(mount)) {
    views_ = {all};
  } else if (!ours && (mount == root_->mount() || !LivesHere())) {
    NameIsOfElsewhere();
  }
}

void ProcessLook::NameIsOfElsewhere() {
  views_.clear();
  trouble_ =
      "it was loaded with another root directory, or in another mount namespace, than the process "
      "has now";
}

// Whether any code of the process is from a mount that it sees.
bool ProcessLook::LivesHere() {
  if (lives_here_) return *lives_here_;
  lives_here_ = false;
  bool asked = false;
  for (const Mapping& mapping : mappings_.files) {
    if (!mapping.executable) continue;
    Subject other = SubjectOf(mapping);
    const auto& object = ObjectOf(other);
    if (!object || !(object->stx_mask & STATX_MNT_ID)) continue;
    asked = true;
    const uint64_t mount = object->stx_mnt_id;
    if (root_->mounts().HasMount(mount) || mount == root_->mount()) lives_here_ = true;
  }
  if (!asked) lives_here_ = true;
  return *lives_here_;
}

const std::string& ProcessLook::NameIn(const RootView& view, const Subject& subject) const {
  return &view == root_ ? subject.shown : subject.printed;
}

RootView* ProcessLook::FindName(Subject& subject, MappedFile& fact) {
  fact.path = subject.loaded_as.empty() ? subject.shown : subject.loaded_as;
  fact.was_deleted = subject.shown.ends_with(kDeletedSuffix);
  if (fact.was_deleted) fact.mapped = WithoutDeleted(subject.shown);
  if (RootView* view = FindUnchanged(subject, fact)) return view;
  if (TakeNameOfInterpreter(subject)) {
    fact.path = subject.loaded_as;
    if (RootView* view = FindUnchanged(subject, fact)) return view;
  }
  ChooseViews(subject);
  if (RootView* view = FindByLoadedName(subject, fact)) return view;
  if (RootView* view = FindByShownName(subject, fact)) return view;
  if (fact.trouble.empty()) fact.trouble = trouble_;
  return nullptr;
}

// The usual case costs two look-ups that were made before.
RootView* ProcessLook::FindUnchanged(Subject& subject, MappedFile& fact) {
  for (RootView* view : {root_, shared_.our_root_.get()}) {
    if (!view || (view != root_ && !our_namespace_)) continue;
    const std::string& name =
        subject.loaded_as.empty() ? NameIn(*view, subject) : subject.loaded_as;
    if (!IsSame(subject, view->Look(name))) continue;
    subject.found_as = name;
    fact.was_deleted = false;
    fact.mapped = name;
    if (!subject.loaded_as.empty()) return view;
    RootView* before = FindSetAside(subject, fact);
    return before ? before : view;
  }
  return nullptr;
}

bool ProcessLook::TakeOther(RootView& view, const std::string& path, MappedFile& fact) {
  if (view.Look(path).error) return false;
  fact.path = path;
  fact.at_name = AtName::kOther;
  return true;
}

// A program may have been executed through another file, as scripts and foreign binaries are: then
// it is the interpreter that runs, and the name is not its own.
RootView* ProcessLook::FindByLoadedName(Subject& subject, MappedFile& fact) {
  if (subject.loaded_as.empty()) return nullptr;
  bool is_others = false;
  for (RootView* view : views_) {
    const Named& named = view->Look(subject.loaded_as);
    if (named.error && !IsMissing(named.error)) trouble_ = WhyNot(named.error);
    if (named.error) continue;
    if (subject.is_program && !IsSameProgramKind(subject, *view, subject.loaded_as)) {
      is_others = true;
      continue;
    }
    TakeOther(*view, subject.loaded_as, fact);
    return view;
  }
  if (is_others) subject.loaded_as.clear();
  return nullptr;
}

RootView* ProcessLook::FindByShownName(Subject& subject, MappedFile& fact) {
  const bool says_deleted = fact.was_deleted;
  const auto plain_in = [&](const RootView& view) {
    const std::string& name = NameIn(view, subject);
    return says_deleted ? WithoutDeleted(name) : name;
  };
  for (RootView* view : views_) {
    // A file may really be called so, and a deleted name may be given to the same file again.
    for (const std::string& name : {NameIn(*view, subject), plain_in(*view)}) {
      if (!IsSame(subject, view->Look(name))) continue;
      fact.mapped = subject.found_as = name;
      fact.was_deleted = false;
      if (subject.loaded_as.empty()) fact.path = name;
      if (IsNfsLeftover(name)) {
        fact.at_name = AtName::kNothing;
        fact.was_deleted = true;
      }
      return view;
    }
  }
  fact.at_name = views_.empty() ? AtName::kNotLooked : AtName::kNothing;
  if (subject.loaded_as.empty()) fact.path = plain_in(*root_);
  for (RootView* view : views_) {
    const std::string plain = plain_in(*view);
    const Named& named = view->Look(plain);
    if (TakeOther(*view, plain, fact)) return view;
    if (IsMissing(named.error)) continue;
    fact.at_name = AtName::kNotLooked;
    trouble_ = WhyNot(named.error);
  }
  return nullptr;
}

// Nobody knows by which name it was loaded, but the one that it has looks like that of a file which
// made place for another one.
RootView* ProcessLook::FindSetAside(Subject& subject, MappedFile& fact) {
  if (IsNfsLeftover(subject.shown)) {
    fact.at_name = AtName::kNothing;
    fact.was_deleted = true;
    return nullptr;
  }
  for (RootView* view : {root_, shared_.our_root_.get()}) {
    if (!view || (view != root_ && !our_namespace_)) continue;
    for (const std::string& name : NamesBefore(NameIn(*view, subject))) {
      const Named& named = view->Look(name);
      if (named.error || IsSame(subject, named) || !IsSameProgramKind(subject, *view, name))
        continue;
      TakeOther(*view, name, fact);
      return view;
    }
  }
  return nullptr;
}

// A file that is mounted by itself, as into a container, stays there when another one takes its
// place where it was mounted from.
RootView* ProcessLook::FindMountedFrom(Subject& subject, MappedFile& fact) {
  const auto& object = ObjectOf(subject);
  if (!subject.printed.ends_with(kDeletedSuffix) || !object || !(object->stx_mask & STATX_MNT_ID)) {
    return nullptr;
  }
  const auto origin = root_->mounts().RemovedOrigin(object->stx_mnt_id);
  for (RootView* view : {shared_.our_root_.get(), root_}) {
    if (!view || !origin) continue;
    for (const MountTable::Place& place : view->mounts().PlacesOf(*origin)) {
      const Named& named = view->Look(place.path);
      if (named.error || named.object.stx_mnt_id != place.mount_id || IsSame(subject, named))
        continue;
      TakeOther(*view, place.path, fact);
      fact.is_mounted = true;
      return view;
    }
  }
  return nullptr;
}

}  // namespace rm
