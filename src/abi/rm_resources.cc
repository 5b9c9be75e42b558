// RmRegisterResources and the filters.
#include <restartmanager.h>
#include <restartmanagerx.h>

#include <cstring>
#include <utility>
#include <vector>

#include "abi/call.h"
#include "abi/convert.h"
#include "abi/handles.h"
#include "base/text.h"

namespace rm {
namespace {

std::vector<ProcessId> ToProcesses(UINT count, const RM_UNIQUE_PROCESS* processes,
                                   int64_t boot_us) {
  std::vector<ProcessId> converted;
  for (UINT i = 0; i < count; ++i) converted.push_back(ToProcess(processes[i], boot_us));
  return converted;
}

Result<void> CheckArrays(UINT files, const void* file_names, UINT processes,
                         const void* process_list, UINT services, const void* service_names) {
  if ((files && !file_names) || (processes && !process_list) || (services && !service_names))
    return Fail(kBadArguments, "an array of resources is NULL, but its count is not 0");
  return {};
}

Result<std::vector<std::string>> ToStrings(UINT count, LPCWSTR* texts, const char* what) {
  std::vector<std::string> strings;
  strings.reserve(count);
  for (UINT i = 0; i < count; ++i) {
    auto text = ToUtf8(texts[i], what);
    if (!text) return Pass(std::move(text));
    strings.push_back(std::move(*text));
  }
  return strings;
}

Result<std::vector<std::string>> ToStrings(UINT count, const char* const* texts, const char* what) {
  std::vector<std::string> strings;
  strings.reserve(count);
  for (UINT i = 0; i < count; ++i) {
    if (!texts[i]) return Fail(kBadArguments, "{} is NULL", what);
    strings.emplace_back(texts[i]);
  }
  return strings;
}

template <class Text>
DWORD Register(DWORD handle, UINT n_files, Text* files, UINT n_processes,
               const RM_UNIQUE_PROCESS* processes, UINT n_services, Text* services) {
  return Call<kInvalidHandle, kBadArguments>([&]() -> Result<void> {
    if (auto valid = CheckArrays(n_files, files, n_processes, processes, n_services, services);
        !valid)
      return valid;
    auto paths = ToStrings(n_files, files, "a file name");
    if (!paths) return Pass(std::move(paths));
    auto names = ToStrings(n_services, services, "a service name");
    if (!names) return Pass(std::move(names));
    auto open = Handles().Get(handle);
    if (!open) return Pass(std::move(open));
    return open->session->Register(*paths, ToProcesses(n_processes, processes, open->boot_us),
                                   *names);
  });
}

// The one selector that is given. 160: none, or more than one.
Result<Filter> ToFilter(LPCWSTR module, const RM_UNIQUE_PROCESS* process, LPCWSTR service,
                        int64_t boot_us) {
  if ((module != nullptr) + (process != nullptr) + (service != nullptr) != 1)
    return Fail(kBadArguments,
                "a filter needs exactly one of: an executable, a process, a service");
  Filter filter;
  if (process) {
    filter.target = ToProcess(*process, boot_us);
    return filter;
  }
  auto text = ToUtf8(module ? module : service, module ? "the executable" : "the service name");
  if (!text) return Pass(std::move(text));
  if (module)
    filter.target = Filter::Executable{std::move(*text)};
  else
    filter.target = Filter::Service{std::move(*text)};
  return filter;
}

// One record behind the other, each followed by its text.
class FilterList {
 public:
  FilterList(PBYTE buffer, int64_t boot_us) : buffer_(buffer), boot_us_(boot_us) {}

  static size_t SizeOf(const Filter& filter) {
    const size_t size = sizeof(RM_FILTER_INFO) + TextOf(filter).size() * sizeof(WCHAR) +
                        (HasText(filter) ? sizeof(WCHAR) : 0);
    return (size + alignof(RM_FILTER_INFO) - 1) / alignof(RM_FILTER_INFO) * alignof(RM_FILTER_INFO);
  }

  void Add(const Filter& filter, bool last) {
    const size_t size = SizeOf(filter);
    RM_FILTER_INFO info{};
    info.FilterAction = static_cast<RM_FILTER_ACTION>(filter.action);
    info.FilterTrigger = static_cast<RM_FILTER_TRIGGER>(
        std::holds_alternative<Filter::Executable>(filter.target) ? RmFilterTriggerFile
        : std::holds_alternative<ProcessId>(filter.target)        ? RmFilterTriggerProcess
                                                                  : RmFilterTriggerService);
    info.cbNextOffset = last ? 0 : static_cast<DWORD>(size);
    PBYTE record = buffer_ + used_;
    if (const auto* process = std::get_if<ProcessId>(&filter.target)) {
      info.Process = ToUnique(*process, boot_us_);
    } else {
      const std::u16string text = TextOf(filter);
      std::memcpy(record + sizeof info, text.c_str(), (text.size() + 1) * sizeof(WCHAR));
      info.strFilename = reinterpret_cast<LPWSTR>(record + sizeof info);
    }
    std::memcpy(record, &info, sizeof info);
    used_ += size;
  }

 private:
  static bool HasText(const Filter& filter) {
    return !std::holds_alternative<ProcessId>(filter.target);
  }

  static std::u16string TextOf(const Filter& filter) {
    if (const auto* executable = std::get_if<Filter::Executable>(&filter.target))
      return Utf8ToUtf16(executable->path);
    if (const auto* service = std::get_if<Filter::Service>(&filter.target))
      return Utf8ToUtf16(service->name);
    return {};
  }

  PBYTE buffer_;
  size_t used_ = 0;
  int64_t boot_us_;
};

}  // namespace
}  // namespace rm

using namespace rm;

DWORD WINAPI RmRegisterResources(DWORD dwSessionHandle, UINT nFiles, LPCWSTR rgsFileNames[],
                                 UINT nApplications, RM_UNIQUE_PROCESS rgApplications[],
                                 UINT nServices, LPCWSTR rgsServiceNames[]) {
  return Register(dwSessionHandle, nFiles, rgsFileNames, nApplications, rgApplications, nServices,
                  rgsServiceNames);
}

DWORD WINAPI RmxRegisterResources(DWORD dwSessionHandle, UINT nFiles, const char* const* files,
                                  UINT nApplications, const RM_UNIQUE_PROCESS* applications,
                                  UINT nServices, const char* const* services) {
  return Register(dwSessionHandle, nFiles, files, nApplications, applications, nServices, services);
}

DWORD WINAPI RmAddFilter(DWORD dwSessionHandle, LPCWSTR strModuleName, RM_UNIQUE_PROCESS* pProcess,
                         LPCWSTR strServiceShortName, RM_FILTER_ACTION FilterAction) {
  return Call<kInvalidHandle, kBadArguments, kSessionCredentialConflict>([&]() -> Result<void> {
    if (FilterAction != RmNoRestart && FilterAction != RmNoShutdown)
      return Fail(kBadArguments, "a filter's action is RmNoRestart or RmNoShutdown");
    auto open = Handles().Get(dwSessionHandle);
    const int64_t boot_us = open ? open->boot_us : 0;
    auto filter = ToFilter(strModuleName, pProcess, strServiceShortName, boot_us);
    if (!filter) return Pass(std::move(filter));
    if (!open) return Pass(std::move(open));
    filter->action = static_cast<rm::FilterAction>(FilterAction);
    return open->session->AddFilter(*filter);
  });
}

DWORD WINAPI RmRemoveFilter(DWORD dwSessionHandle, LPCWSTR strModuleName,
                            RM_UNIQUE_PROCESS* pProcess, LPCWSTR strServiceShortName) {
  return Call<kFileNotFound, kInvalidHandle, kBadArguments, kSessionCredentialConflict>(
      [&]() -> Result<void> {
        auto open = Handles().Get(dwSessionHandle);
        const int64_t boot_us = open ? open->boot_us : 0;
        auto filter = ToFilter(strModuleName, pProcess, strServiceShortName, boot_us);
        if (!filter) return Pass(std::move(filter));
        if (!open) return Pass(std::move(open));
        return open->session->RemoveFilter(*filter);
      });
}

DWORD WINAPI RmGetFilterList(DWORD dwSessionHandle, PBYTE pbFilterBuf, DWORD cbFilterBuf,
                             LPDWORD cbFilterBufNeeded) {
  return Call<kInvalidHandle, kBadArguments, kMoreData, kSessionCredentialConflict>(
      [&]() -> Result<void> {
        if (!cbFilterBufNeeded) return Fail(kMoreData, "there is no place for the size");
        if (!pbFilterBuf && cbFilterBuf != 0)
          return Fail(kBadArguments, "the filter buffer is NULL, but its size is not 0");
        auto open = Handles().Get(dwSessionHandle);
        if (!open) return Pass(std::move(open));
        auto filters = open->session->Filters();
        if (!filters) return Pass(std::move(filters));
        size_t needed = 0;
        for (const Filter& filter : *filters) needed += FilterList::SizeOf(filter);
        *cbFilterBufNeeded = static_cast<DWORD>(needed);
        if (needed > cbFilterBuf)
          return Fail(kMoreData, "the filters need {} bytes, the buffer has {}", needed,
                      cbFilterBuf);
        FilterList list(pbFilterBuf, open->boot_us);
        for (const Filter& filter : *filters) list.Add(filter, &filter == &filters->back());
        return {};
      });
}
