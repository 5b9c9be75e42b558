// For tests: one value of each kind with nothing left at its default, and a way to compare them.
//
// FieldsOf takes a struct apart by name: a field that is added to the model does not compile here
// until the codec knows it.
#pragma once

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "model/app.h"
#include "model/debt.h"
#include "model/filter.h"
#include "model/resource.h"

namespace rm {

// Not UTF-8, with a NUL, a newline and a quote in it.
inline const std::string kOddBytes("/odd \xff\xfe\0\n'\"\xc3(", 13);

// The same without the NUL, which no argument or path of a process can hold.
inline const std::string kOddName = "/odd \xff\xfe\n'\"\xc3(";

inline auto FieldsOf(const FileResource& value) {
  const auto& [path, links, at_registration, tree, handles, unreachable] = value;
  const std::vector<TreeEntry> below = tree ? tree->at_registration : std::vector<TreeEntry>();
  return std::tuple(path, links, at_registration, tree.has_value(),
                    tree && tree->other_file_systems, below, handles);
}

// All of it: what is found anew at every look and not stored has its default here.
inline auto FieldsOf(const App& value) {
  const auto& [unit, main, processes, name, executable, type, status, login_session, reasons,
               come_back, outcome, answers, asked_for, stays, only_directories, why_type,
               why_not_stoppable, why_not_back, cannot_restore, goes_along, holdings] = value;
  return std::tuple(unit, main, processes, name, executable, type, status, login_session, reasons,
                    come_back, outcome, answers, asked_for, stays, only_directories,
                    why_not_stoppable, why_not_back, goes_along, holdings);
}

inline auto FieldsOf(const Debt& value) {
  const auto& [id, unit, process, app_name, relaunch_unit, spec_file, stopped_run, state] = value;
  return std::tuple(id, unit, process ? Serialize(*process) : "", app_name, relaunch_unit,
                    spec_file, stopped_run, state);
}

inline auto FieldsOf(const Filter& value) {
  const auto& [target, action] = value;
  return std::pair(target, action);
}

template <class T>
auto AllFields(const std::vector<T>& values) {
  std::vector<decltype(FieldsOf(std::declval<const T&>()))> fields;
  std::ranges::transform(values, std::back_inserter(fields),
                         [](const T& value) { return FieldsOf(value); });
  return fields;
}

inline Registration SampleBatch() {
  Registration batch;
  batch.files.push_back({"/usr/lib/libssl.so.3",
                         {"/usr/lib/libssl.so.3"},
                         FileIdentity{0xfe00, 411, 1'700'000'000'123'456'789, 4096, -1'000'000'000,
                                      0100644, 1'700'000'001'000'000'000},
                         std::nullopt,
                         {{true, kOddBytes}, {false, ""}}});
  batch.files.push_back({"/usr/lib/libssl.so", {}, std::nullopt});
  batch.files.push_back({kOddBytes, {kOddBytes, "", "/x"}, FileIdentity{}});
  batch.files.push_back(
      {"", {}, FileIdentity{~0ull, ~0ull, INT64_MIN, ~0ull, INT64_MAX, ~0u, 1, ~0ull}});
  batch.files.push_back(
      {"/opt/app",
       {},
       FileIdentity{1, 2},
       Tree{true, {{"bin", {1, 3}, {}}, {kOddBytes, {1, 4}, {{true, kOddBytes, 5}}}}}});
  batch.files.push_back({"/opt/empty", {}, std::nullopt, Tree{}});
  batch.processes = {{1, 0}, {4'194'304, ~0ull}};
  batch.services = {{std::nullopt, "nginx.service"}, {1000, "app.service"}, {0, kOddBytes}};
  return batch;
}

// `count` files of a batch that is recognised by its number.
inline Registration NumberedBatch(int number, size_t count) {
  Registration batch;
  for (size_t i = 0; i < count; ++i)
    batch.files.push_back({"/batch/" + std::to_string(number) + "/" + std::to_string(i),
                           {},
                           FileIdentity{1, i, 2, 3, 4, 0100644}});
  return batch;
}

inline std::vector<Filter> SampleFilters() {
  return {{Filter::Executable{kOddBytes}, FilterAction::kNoRestart},
          {ProcessId{77, 123456}, FilterAction::kNoShutdown},
          {Filter::Service{"nginx"}, FilterAction::kNoRestart}};
}

inline std::vector<App> SampleApps() {
  App app;
  app.unit = UnitRef{1000, "firefox.service"};
  app.main = {100, 2000};
  app.processes = {{100, 2000}, {101, 2001}};
  app.name = kOddBytes;
  app.executable = "/usr/bin/firefox";
  app.type = AppType::kService;
  app.status = kStatusStopped | kStatusErrorOnRestart;
  app.login_session = 3;
  app.reasons = kReasonDetectedSelf;
  app.come_back = ComeBack::kRelaunched;
  app.asked_for = true;
  app.stays = true;
  app.only_directories = true;
  app.answers = true;
  app.outcome = Outcome::kLeftOver;
  app.why_not_stoppable = "no";
  app.why_not_back = "never";
  app.goes_along = {{std::nullopt, "a.service"}, {1, "b.scope"}};
  app.holdings = {{{100, 2000}, HoldKind::kRootDirectory, 7, 12, true, "below/it"}};
  return {app, App{}};
}

inline std::vector<Debt> SampleDebts() {
  Debt unit;
  unit.unit = UnitRef{std::nullopt, "nginx.service"};
  unit.app_name = "A web server";
  unit.stopped_run = "0123456789abcdef0123456789abcdef";
  Debt process;
  process.process.emplace();
  process.process->was = {55, 66};
  process.process->arguments = {kOddName, ""};
  process.app_name = kOddBytes;
  process.relaunch_unit = "rm-1.service";
  process.spec_file = "/run/spec";
  process.state = DebtState::kFailed;
  return {unit, process};
}

}  // namespace rm
