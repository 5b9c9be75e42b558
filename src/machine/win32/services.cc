#include "machine/win32/services.h"

#include <algorithm>
#include <set>

#include "base/win32/handle.h"
#include "base/win32/system_error.h"
#include "base/win32/wide.h"
#include "base/win32_codes.h"

namespace rm {
namespace {

UniqueService OpenManager() {
  return UniqueService(
      ::OpenSCManagerW(nullptr, nullptr, SC_MANAGER_CONNECT | SC_MANAGER_ENUMERATE_SERVICE));
}

UniqueService OpenService(const std::string& name, DWORD rights) {
  const UniqueService manager = OpenManager();
  if (!manager) return nullptr;
  return UniqueService(::OpenServiceW(manager.get(), Wide(name).c_str(), rights));
}

// From where the manager keeps it: Wine's QueryServiceConfig leaves the dependencies out.
std::vector<std::string> NeedsOf(const wchar_t* name) {
  const std::wstring key = std::wstring(L"SYSTEM\\CurrentControlSet\\Services\\") + name;
  const auto read = [&](wchar_t* to, DWORD* size) {
    return ::RegGetValueW(HKEY_LOCAL_MACHINE, key.c_str(), L"DependOnService", RRF_RT_REG_MULTI_SZ,
                          nullptr, to, size) == ERROR_SUCCESS;
  };
  std::vector<std::string> needs;
  DWORD size = 0;
  if (!read(nullptr, &size)) return needs;
  std::vector<wchar_t> names(size / sizeof(wchar_t) + 2);
  size = static_cast<DWORD>(names.size() * sizeof(wchar_t));
  if (!read(names.data(), &size)) return needs;
  for (const wchar_t* at = names.data(); *at; at += std::wcslen(at) + 1)
    needs.push_back(Folded(Narrow(at)));
  return needs;
}

bool IsUp(const Service& service) { return service.state != SERVICE_STOPPED; }

bool Needs(const Service& service, const Service& other) {
  return std::find(service.needs.begin(), service.needs.end(), Folded(other.name)) !=
         service.needs.end();
}

// Who needs it comes before it.
void AddDependents(const Service& of, const std::vector<Service>& services,
                   std::vector<const Service*>& found) {
  for (const Service& service : services) {
    if (&service == &of || !IsUp(service) || !Needs(service, of) ||
        std::find(found.begin(), found.end(), &service) != found.end())
      continue;
    AddDependents(service, services, found);
    if (std::find(found.begin(), found.end(), &service) == found.end()) found.push_back(&service);
  }
}

bool MayStop(const std::string& name) {
  return OpenService(name, SERVICE_STOP | SERVICE_QUERY_STATUS) != nullptr;
}

constexpr DWORD kPoll = 20;           // ms
constexpr DWORD kStartMost = 20'000;  // ms, contract.md 12

void AwaitStart(const std::string& name) {
  const ULONGLONG begin = ::GetTickCount64();
  for (;;) {
    const auto status = StatusOf(name);
    if (!status || status->dwCurrentState != SERVICE_START_PENDING ||
        ::GetTickCount64() - begin >= kStartMost)
      return;
    ::Sleep(kPoll);
  }
}

// What it needs is started first: Windows' manager does that by itself, Wine's does not. A need
// that does not start is the trouble of who needs it, which the manager tells.
void StartNeeds(const std::string& name, std::set<std::string>& seen) {
  for (const std::string& need : NeedsOf(Wide(name).c_str())) {
    const auto status = StatusOf(need);
    if (!seen.insert(need).second || !status || status->dwCurrentState != SERVICE_STOPPED) continue;
    StartNeeds(need, seen);
    if (const UniqueService service = OpenService(need, SERVICE_START))
      ::StartServiceW(service.get(), 0, nullptr);
    AwaitStart(need);
  }
}

const char* StateName(DWORD state) {
  switch (state) {
    case SERVICE_STOPPED:
      return "inactive";
    case SERVICE_START_PENDING:
      return "activating";
    default:
      return "active";
  }
}

}  // namespace

std::vector<Service> ListServices() {
  std::vector<Service> services;
  const UniqueService manager = OpenManager();
  if (!manager) return services;
  std::vector<BYTE> buffer(1 << 16);
  DWORD needed = 0, count = 0, resume = 0;
  while (!::EnumServicesStatusExW(
      manager.get(), SC_ENUM_PROCESS_INFO, SERVICE_WIN32, SERVICE_STATE_ALL, buffer.data(),
      static_cast<DWORD>(buffer.size()), &needed, &count, &resume, nullptr)) {
    if (::GetLastError() != ERROR_MORE_DATA) return services;
    buffer.resize(buffer.size() + needed);
    resume = 0;
  }
  const auto* entries = reinterpret_cast<const ENUM_SERVICE_STATUS_PROCESSW*>(buffer.data());
  for (DWORD i = 0; i < count; ++i) {
    Service service;
    service.name = Narrow(entries[i].lpServiceName);
    service.display_name = Narrow(entries[i].lpDisplayName);
    service.state = entries[i].ServiceStatusProcess.dwCurrentState;
    service.pid = entries[i].ServiceStatusProcess.dwProcessId;
    service.needs = NeedsOf(entries[i].lpServiceName);
    services.push_back(std::move(service));
  }
  return services;
}

const Service* FindService(const std::vector<Service>& services, const std::string& name) {
  const std::string folded = Folded(name);
  for (const Service& service : services)
    if (Folded(service.name) == folded) return &service;
  return nullptr;
}

const Service* FindService(const std::vector<Service>& services, const UnitRef& unit) {
  return FindService(services, ToString(unit));
}

UnitRef UnitOf(const Service& service) { return UnitRef{std::nullopt, service.name + ".service"}; }

UnitFacts FactsOf(const Service& service, const std::vector<Service>& services) {
  UnitFacts facts;
  facts.ref = UnitOf(service);
  facts.names = {facts.ref.name};
  facts.description = service.display_name;
  facts.load_state = "loaded";
  facts.active_state = StateName(service.state);
  facts.main_pid = static_cast<pid_t>(service.pid);
  facts.can_stop = MayStop(service.name);
  std::vector<const Service*> along;
  AddDependents(service, services, along);
  for (const Service& other : services) {
    if (&other == &service || other.pid == 0 || other.pid != service.pid) continue;
    AddDependents(other, services, along);
    if (std::find(along.begin(), along.end(), &other) == along.end()) along.push_back(&other);
  }
  for (const Service* other : along)
    if (other != &service) facts.goes_along.push_back(UnitOf(*other));
  return facts;
}

Result<bool> StopService(const std::string& name) {
  const UniqueService service = OpenService(name, SERVICE_STOP);
  SERVICE_STATUS status{};
  if (service && ::ControlService(service.get(), SERVICE_CONTROL_STOP, &status)) return true;
  if (service && ::GetLastError() == ERROR_SERVICE_NOT_ACTIVE) return false;
  // It is stopping, or starting: the next look tells.
  if (service && ::GetLastError() == ERROR_SERVICE_CANNOT_ACCEPT_CTRL) return true;
  return Fail(kFailShutdown, "the service {} cannot be stopped: {}", name, LastSystemError());
}

Result<void> StartService(const std::string& name) {
  std::set<std::string> seen;
  StartNeeds(name, seen);
  const UniqueService service = OpenService(name, SERVICE_START);
  if (service && (::StartServiceW(service.get(), 0, nullptr) ||
                  ::GetLastError() == ERROR_SERVICE_ALREADY_RUNNING))
    return {};
  return Fail(kFailRestart, "the service {} cannot be started: {}", name, LastSystemError());
}

std::optional<SERVICE_STATUS_PROCESS> StatusOf(const std::string& name) {
  const UniqueService service = OpenService(name, SERVICE_QUERY_STATUS);
  SERVICE_STATUS_PROCESS status{};
  DWORD size = 0;
  if (!service || !::QueryServiceStatusEx(service.get(), SC_STATUS_PROCESS_INFO,
                                          reinterpret_cast<BYTE*>(&status), sizeof status, &size))
    return std::nullopt;
  return status;
}

}  // namespace rm
