#include "store/win32/registry_session.h"

#include <fmt/format.h>
#include <fmt/xchar.h>

#include <algorithm>
#include <cstring>
#include <cwchar>
#include <string_view>

#include "base/win32_codes.h"
#include "store/codec.h"
#include "store/hash_text.h"
#include "store/packed.h"

namespace rm {
namespace {

constexpr const wchar_t* kBase = L"Software\\Microsoft\\RestartManager";

// RM_UNIQUE_PROCESS: pid, then the start time's low and high half.
std::string OwnerBytes(const ProcessId& owner) {
  std::string bytes(12, '\0');
  const auto pid = static_cast<uint32_t>(owner.pid);
  std::memcpy(bytes.data(), &pid, sizeof pid);
  std::memcpy(bytes.data() + sizeof pid, &owner.start_ticks, sizeof owner.start_ticks);
  return bytes;
}

std::optional<ProcessId> ToOwner(const std::string& bytes) {
  if (bytes.size() != 12) return std::nullopt;
  uint32_t pid = 0;
  ProcessId owner;
  std::memcpy(&pid, bytes.data(), sizeof pid);
  std::memcpy(&owner.start_ticks, bytes.data() + sizeof pid, sizeof owner.start_ticks);
  owner.pid = static_cast<pid_t>(pid);
  return owner;
}

std::string ProcessLine(const ProcessId& process) {
  return fmt::format("{:08x}:{:08x}:{:08x}", static_cast<uint32_t>(process.pid),
                     static_cast<uint32_t>(process.start_ticks >> 32),
                     static_cast<uint32_t>(process.start_ticks));
}

std::wstring NameOf(uint32_t index) { return fmt::format(L"Session{:04}", index); }

}  // namespace

std::wstring SessionPath(uint32_t index) { return fmt::format(L"{}\\{}", kBase, NameOf(index)); }

Result<std::vector<RegistrySession>> RegistrySession::OpenAll() {
  std::vector<RegistrySession> all;
  auto base = RegistryKey::Open(kBase);
  if (!base) return Pass(std::move(base));
  if (!*base) return all;
  auto names = (*base)->Children();
  if (!names) return Pass(std::move(names));
  std::sort(names->begin(), names->end());
  constexpr std::wstring_view kPrefix = L"Session";
  for (const std::wstring& name : *names) {
    if (!name.starts_with(kPrefix)) continue;
    const auto index =
        static_cast<uint32_t>(std::wcstoul(name.c_str() + kPrefix.size(), nullptr, 10));
    if (name != NameOf(index)) continue;
    auto session = Open(index);
    if (!session) return Pass(std::move(session));
    if (*session) all.push_back(std::move(**session));
  }
  return all;
}

Result<std::optional<RegistrySession>> RegistrySession::Open(uint32_t index) {
  auto opened = RegistryKey::Open(SessionPath(index));
  if (!opened) return Pass(std::move(opened));
  if (!*opened) return std::optional<RegistrySession>();
  RegistryKey key = std::move(**opened);
  auto id = key.Number(L"RmId");
  if (!id) return Pass(std::move(id));
  auto owner = key.Bytes(L"Owner");
  if (!owner) return Pass(std::move(owner));
  const auto process = ToOwner(*owner);
  if (*id == 0 || !process) return std::optional<RegistrySession>();
  auto started = key.Number(L"RmStarted");
  if (!started) return Pass(std::move(started));
  auto attempted = key.Number(L"RmShutdownAttempted");
  if (!attempted) return Pass(std::move(attempted));
  SessionRecord record;
  record.id = *id;
  record.name = fmt::format("{:016x}", *id);
  record.index = index;
  record.owner = *process;
  record.started_us = static_cast<int64_t>(*started);
  record.shutdown_attempted = *attempted != 0;
  return std::optional<RegistrySession>(RegistrySession(std::move(key), std::move(record)));
}

Result<RegistrySession> RegistrySession::Make(const SessionRecord& record,
                                              const std::string& key_hash) {
  const std::wstring path = SessionPath(record.index);
  if (auto deleted = RegistryKey::Delete(path); !deleted) return Pass(std::move(deleted));
  if (auto base = RegistryKey::Make(kBase); !base) return Pass(std::move(base));
  auto key = RegistryKey::Make(path);
  if (!key) return Pass(std::move(key));
  auto put = key->PutBytes(L"Owner", OwnerBytes(record.owner));
  if (put) put = key->PutBytes(L"SessionHash", key_hash);
  if (put) put = key->PutDword(L"Sequence", 1);
  if (put) put = key->PutNumber(L"RmStarted", static_cast<uint64_t>(record.started_us));
  if (put) put = key->PutNumber(L"RmId", record.id);
  if (!put) return Pass(std::move(put));
  return RegistrySession(std::move(*key), record);
}

Result<bool> RegistrySession::HasKey(const std::string& hash) const {
  auto own = key_.Bytes(L"SessionHash");
  if (!own) return Pass(std::move(own));
  return SameHash(*own, hash);
}

Result<bool> RegistrySession::HasAlias(const std::string& hash) const {
  auto alias = key_.Bytes(L"RmAlias");
  if (!alias) return Pass(std::move(alias));
  return SameHash(*alias, hash);
}

Result<void> RegistrySession::PutAlias(const std::string& hash) const {
  return key_.PutBytes(L"RmAlias", hash);
}

// A chain over all lists of this kind, so that one list that was changed alone does not fit.
Result<void> RegistrySession::PutHash(const wchar_t* kind,
                                      const std::vector<std::string>& added) const {
  const std::wstring name = fmt::format(L"Reg{}Hash", kind);
  auto before = key_.Bytes(name);
  if (!before) return Pass(std::move(before));
  std::string text = std::move(*before);
  for (const std::string& line : added) (text += line) += '\0';
  return key_.PutBytes(name, HashText(text));
}

Result<void> RegistrySession::AddBatch(const Registration& batch) const {
  auto count = key_.Number(L"RmBatches");
  if (!count) return Pass(std::move(count));
  std::vector<std::string> files, processes, services;
  for (const FileResource& file : batch.files) files.push_back(file.path);
  for (const ProcessId& process : batch.processes) processes.push_back(ProcessLine(process));
  for (const UnitRef& service : batch.services) services.push_back(ToString(service));
  for (const auto& [kind, lines] : {std::pair{L"Files", &files}, std::pair{L"Procs", &processes},
                                    std::pair{L"Svcs", &services}}) {
    if (lines->empty()) continue;
    if (auto put = key_.PutTexts(fmt::format(L"Reg{}{:04}", kind, *count), *lines); !put)
      return put;
    if (auto put = PutHash(kind, *lines); !put) return put;
  }
  auto put = key_.PutBytes(fmt::format(L"RmBatch{:04}", *count), EncodeBatch(batch));
  if (put) put = key_.PutNumber(L"RmBatches", *count + 1);
  return put ? Bump() : put;
}

Result<void> RegistrySession::Bump() const {
  auto sequence = key_.Number(L"Sequence");
  if (!sequence) return Pass(std::move(sequence));
  return key_.PutDword(L"Sequence", static_cast<uint32_t>(*sequence + 1));
}

Result<std::vector<Filter>> RegistrySession::Filters() const {
  auto bytes = key_.Bytes(L"RmFilters");
  if (!bytes) return Pass(std::move(bytes));
  std::vector<Filter> filters;
  if (bytes->empty()) return filters;
  PackedReader from(*bytes);
  for (size_t left = from.Count(); left > 0; --left) {
    auto filter = DecodeTarget(from.Bytes());
    if (!filter) return Damaged("filters");
    filter->action = static_cast<FilterAction>(from.Number());
    filters.push_back(std::move(*filter));
  }
  if (!from.Complete()) return Damaged("filters");
  return filters;
}

Result<void> RegistrySession::PutFilters(const std::vector<Filter>& filters) const {
  PackedWriter to;
  to.Number(filters.size());
  for (const Filter& filter : filters) {
    to.Bytes(EncodeTarget(filter));
    to.Number(static_cast<uint64_t>(filter.action));
  }
  return key_.PutBytes(L"RmFilters", to.Take());
}

Result<std::vector<Debt>> RegistrySession::Debts() const {
  auto bytes = key_.Bytes(L"RmDebts");
  if (!bytes) return Pass(std::move(bytes));
  std::vector<Debt> debts;
  if (bytes->empty()) return debts;
  PackedReader from(*bytes);
  for (size_t left = from.Count(); left > 0; --left) {
    const uint64_t id = from.Number();
    const auto state = static_cast<DebtState>(from.Number());
    std::string unit = from.Bytes();
    std::string spec = from.Bytes();
    auto debt = DecodeOwed(from.Bytes());
    if (!debt) return Damaged("debts");
    debt->id = id;
    debt->state = state;
    debt->relaunch_unit = std::move(unit);
    debt->spec_file = std::move(spec);
    debts.push_back(std::move(*debt));
  }
  if (!from.Complete()) return Damaged("debts");
  return debts;
}

Result<void> RegistrySession::PutDebts(const std::vector<Debt>& debts) const {
  PackedWriter to;
  to.Number(debts.size());
  for (const Debt& debt : debts) {
    to.Number(debt.id);
    to.Number(static_cast<uint64_t>(debt.state));
    to.Bytes(debt.relaunch_unit);
    to.Bytes(debt.spec_file);
    to.Bytes(EncodeOwed(debt));
  }
  return key_.PutBytes(L"RmDebts", to.Take());
}

Result<void> RegistrySession::PutSeen(const std::vector<App>& seen) const {
  return key_.PutBytes(L"RmSeen", EncodeApps(seen));
}

Result<void> RegistrySession::PutShutdownAttempted() const {
  return key_.PutDword(L"RmShutdownAttempted", 1);
}

Result<SessionState> RegistrySession::Load() const {
  SessionState state;
  state.record = record_;
  auto count = key_.Number(L"RmBatches");
  if (!count) return Pass(std::move(count));
  for (uint64_t i = 0; i < *count; ++i) {
    auto batch = key_.Bytes(fmt::format(L"RmBatch{:04}", i));
    if (!batch) return Pass(std::move(batch));
    if (!DecodeBatch(*batch, state.registered)) return Damaged("registered resources");
  }
  auto filters = Filters();
  if (!filters) return Pass(std::move(filters));
  state.filters = std::move(*filters);
  auto seen = key_.Bytes(L"RmSeen");
  if (!seen) return Pass(std::move(seen));
  if (!seen->empty()) {
    auto apps = DecodeApps(*seen);
    if (!apps) return Damaged("affected apps");
    state.seen = std::move(*apps);
  }
  auto debts = Debts();
  if (!debts) return Pass(std::move(debts));
  state.debts = std::move(*debts);
  return state;
}

tl::unexpected<Error> RegistrySession::Damaged(const char* what) const {
  return Fail(kWriteFault,
              "The registry is damaged: the {} of Restart Manager session {} cannot be read. "
              "It ends with its installer.",
              what, record_.index);
}

}  // namespace rm
