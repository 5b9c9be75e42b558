#include "store/codec.h"

#include <algorithm>
#include <span>

#include "model/relaunch.h"
#include "store/packed.h"

namespace rm {
namespace {

// One Put and one Get per type, in the same order of fields.

void Put(PackedWriter& to, const std::string& value) { to.Bytes(value); }
void Get(PackedReader& from, std::string& value) { value = from.Bytes(); }

void Put(PackedWriter& to, const ProcessId& value) {
  to.Signed(value.pid);
  to.Number(value.start_ticks);
}
void Get(PackedReader& from, ProcessId& value) {
  value.pid = static_cast<pid_t>(from.Signed());
  value.start_ticks = from.Number();
}

void Put(PackedWriter& to, const FileIdentity& value) {
  to.Number(value.dev);
  to.Number(value.ino);
  to.Signed(value.btime_ns);
  to.Number(value.size);
  to.Signed(value.mtime_ns);
  to.Signed(value.ctime_ns);
  to.Number(value.mode);
  to.Number(value.rdev);
}
void Get(PackedReader& from, FileIdentity& value) {
  value.dev = from.Number();
  value.ino = from.Number();
  value.btime_ns = from.Signed();
  value.size = from.Number();
  value.mtime_ns = from.Signed();
  value.ctime_ns = from.Signed();
  value.mode = static_cast<uint32_t>(from.Number());
  value.rdev = from.Number();
}

void Put(PackedWriter& to, const ObjectHandle& value) {
  to.Number(value.dev << 1 | uint64_t{value.overlay});
  to.Bytes(value.id);
}
void Get(PackedReader& from, ObjectHandle& value) {
  const uint64_t place = from.Number();
  value.overlay = place & 1;
  value.dev = place >> 1;
  value.id = from.Bytes();
}

void Put(PackedWriter& to, const UnitRef& value) {
  to.Number(value.user ? uint64_t{*value.user} + 1 : 0);
  to.Bytes(value.name);
}
void Get(PackedReader& from, UnitRef& value) {
  const uint64_t user = from.Number();
  value.user.reset();
  if (user != 0) value.user = static_cast<uid_t>(user - 1);
  value.name = from.Bytes();
}

void Put(PackedWriter& to, const Holding& value) {
  Put(to, value.process);
  to.Number(static_cast<uint64_t>(value.kind));
  to.Number(value.file);
  to.Signed(value.fd);
  to.Number(value.previous_content);
  Put(to, value.below);
}
void Get(PackedReader& from, Holding& value) {
  Get(from, value.process);
  value.kind = static_cast<HoldKind>(from.Number());
  value.file = static_cast<uint32_t>(from.Number());
  value.fd = static_cast<int>(from.Signed());
  value.previous_content = from.Number() != 0;
  Get(from, value.below);
}

// Neighbours in a list of files share most of their path: only what differs from the one before.
void PutPath(PackedWriter& to, const std::string& path, const std::string& before) {
  const auto differ = std::ranges::mismatch(path, before).in1;
  const auto shared = static_cast<size_t>(differ - path.begin());
  to.Number(shared);
  to.Bytes(std::string_view(path).substr(shared));
}
bool GetPath(PackedReader& from, std::string& path, const std::string& before) {
  const uint64_t shared = from.Number();
  if (shared > before.size()) return false;
  path.assign(before, 0, shared);
  path += from.Bytes();
  return true;
}

template <class T>
void PutOptional(PackedWriter& to, const std::optional<T>& value) {
  to.Number(value.has_value());
  if (value) Put(to, *value);
}
template <class T>
void GetOptional(PackedReader& from, std::optional<T>& value) {
  value.reset();
  if (from.Number() != 0) Get(from, value.emplace());
}

template <class T>
void PutAll(PackedWriter& to, const std::vector<T>& values) {
  to.Number(values.size());
  for (const T& value : values) Put(to, value);
}
template <class T>
void GetAll(PackedReader& from, std::vector<T>& values) {
  for (size_t left = from.Count(); left > 0; --left) Get(from, values.emplace_back());
}

void Put(PackedWriter& to, const Tree& value) {
  to.Number(value.other_file_systems);
  to.Number(value.at_registration.size());
  std::string before;
  for (const TreeEntry& entry : value.at_registration) {
    PutPath(to, entry.below, before);
    before = entry.below;
    Put(to, entry.identity);
    PutAll(to, entry.handles);
  }
}
bool GetTree(PackedReader& from, Tree& value) {
  value.other_file_systems = from.Number() != 0;
  std::string before;
  for (size_t left = from.Count(); left > 0; --left) {
    TreeEntry& entry = value.at_registration.emplace_back();
    if (!GetPath(from, entry.below, before)) return false;
    before = entry.below;
    Get(from, entry.identity);
    GetAll(from, entry.handles);
  }
  return true;
}

// Behind all files, so that it costs those nothing which are no trees: which one it is, and what is
// below it.
void PutTrees(PackedWriter& to, const std::vector<FileResource>& files) {
  to.Number(std::ranges::count_if(files, [](const FileResource& file) { return !!file.tree; }));
  for (size_t i = 0; i < files.size(); ++i) {
    if (!files[i].tree) continue;
    to.Number(i);
    Put(to, *files[i].tree);
  }
}
bool GetTrees(PackedReader& from, std::span<FileResource> files) {
  for (size_t left = from.Count(); left > 0; --left) {
    const uint64_t number = from.Number();
    if (number >= files.size() || files[number].tree) return false;
    if (!GetTree(from, files[number].tree.emplace())) return false;
  }
  return true;
}

}  // namespace

std::string EncodeBatch(const Registration& batch) {
  constexpr size_t kUsualFile = 64;  // bytes: what is new in its path, and its identity
  PackedWriter to;
  to.Reserve(kUsualFile * batch.files.size());
  to.Number(batch.files.size());
  std::string before;
  for (const FileResource& file : batch.files) {
    PutPath(to, file.path, before);
    before = file.path;
    PutAll(to, file.links);
    PutOptional(to, file.at_registration);
    PutAll(to, file.handles);
  }
  PutAll(to, batch.processes);
  PutAll(to, batch.services);
  PutTrees(to, batch.files);
  return to.Take();
}

bool DecodeBatch(std::string_view bytes, Registration& registered) {
  PackedReader from(bytes);
  const size_t first = registered.files.size();
  std::string before;
  for (size_t left = from.Count(); left > 0; --left) {
    FileResource& file = registered.files.emplace_back();
    if (!GetPath(from, file.path, before)) return false;
    before = file.path;
    GetAll(from, file.links);
    GetOptional(from, file.at_registration);
    GetAll(from, file.handles);
  }
  GetAll(from, registered.processes);
  GetAll(from, registered.services);
  return GetTrees(from, std::span(registered.files).subspan(first)) && from.Complete();
}

std::string EncodeTarget(const Filter& filter) {
  PackedWriter to;
  to.Number(filter.target.index());
  if (const auto* executable = std::get_if<Filter::Executable>(&filter.target))
    Put(to, executable->path);
  else if (const auto* process = std::get_if<ProcessId>(&filter.target))
    Put(to, *process);
  else if (const auto* service = std::get_if<Filter::Service>(&filter.target))
    Put(to, service->name);
  return to.Take();
}

std::optional<Filter> DecodeTarget(std::string_view bytes) {
  PackedReader from(bytes);
  Filter filter;
  switch (from.Number()) {
    case 0:
      Get(from, filter.target.emplace<Filter::Executable>().path);
      break;
    case 1:
      Get(from, filter.target.emplace<ProcessId>());
      break;
    case 2:
      Get(from, filter.target.emplace<Filter::Service>().name);
      break;
    default:
      return std::nullopt;
  }
  if (!from.Complete()) return std::nullopt;
  return filter;
}

std::string EncodeApps(const std::vector<App>& apps) {
  PackedWriter to;
  to.Number(apps.size());
  for (const App& app : apps) {
    PutOptional(to, app.unit);
    Put(to, app.main);
    PutAll(to, app.processes);
    Put(to, app.name);
    Put(to, app.executable);
    to.Number(static_cast<uint64_t>(app.type));
    to.Number(app.status);
    to.Number(app.login_session);
    to.Number(app.reasons);
    to.Number(static_cast<uint64_t>(app.come_back));
    to.Number(app.asked_for);
    to.Number(app.only_directories);
    to.Number(app.answers | app.stays << 1);
    to.Number(static_cast<uint64_t>(app.outcome));
    Put(to, app.why_not_stoppable);
    Put(to, app.why_not_back);
    PutAll(to, app.goes_along);
    PutAll(to, app.holdings);
  }
  return to.Take();
}

std::optional<std::vector<App>> DecodeApps(std::string_view bytes) {
  PackedReader from(bytes);
  std::vector<App> apps;
  for (size_t left = from.Count(); left > 0; --left) {
    App& app = apps.emplace_back();
    GetOptional(from, app.unit);
    Get(from, app.main);
    GetAll(from, app.processes);
    Get(from, app.name);
    Get(from, app.executable);
    app.type = static_cast<AppType>(from.Number());
    app.status = static_cast<uint32_t>(from.Number());
    app.login_session = static_cast<uint32_t>(from.Number());
    app.reasons = static_cast<uint32_t>(from.Number());
    app.come_back = static_cast<ComeBack>(from.Number());
    app.asked_for = from.Number() != 0;
    app.only_directories = from.Number() != 0;
    const uint64_t flags = from.Number();
    app.answers = flags & 1;
    app.stays = flags & 2;
    app.outcome = static_cast<Outcome>(from.Number());
    Get(from, app.why_not_stoppable);
    Get(from, app.why_not_back);
    GetAll(from, app.goes_along);
    GetAll(from, app.holdings);
  }
  if (!from.Complete()) return std::nullopt;
  return apps;
}

std::string EncodeOwed(const Debt& debt) {
  PackedWriter to;
  PutOptional(to, debt.unit);
  to.Number(debt.process.has_value());
  if (debt.process) to.Bytes(Serialize(*debt.process));
  Put(to, debt.app_name);
  return to.Take();
}

std::optional<Debt> DecodeOwed(std::string_view bytes) {
  PackedReader from(bytes);
  Debt debt;
  GetOptional(from, debt.unit);
  if (from.Number() != 0) {
    Result<RelaunchSpec> process = ParseRelaunchSpec(from.Bytes());
    if (!process) return std::nullopt;
    debt.process = std::move(*process);
  }
  Get(from, debt.app_name);
  if (!from.Complete()) return std::nullopt;
  return debt;
}

}  // namespace rm
