#include "session/stale.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/win32_codes.h"
#include "inspect/apps.h"
#include "inspect/stale.h"

namespace rm {

Result<StaleList> ListStale(Machine& machine, const ProcessId& caller, bool all,
                            std::stop_token cancel) {
  auto scan = machine.ScanMapped(cancel);
  if (!scan) return Pass(std::move(scan));
  StaleList list;
  list.processes = scan->processes;
  list.unreadable = std::move(scan->unreadable);
  std::map<ProcessId, std::vector<StaleFile>> of_process;
  for (const MappedFile& file : scan->files) {
    StaleFile judged = Judge(file);
    ++list.files[static_cast<size_t>(judged.freshness)];
    if (all || judged.freshness == Freshness::kStale) {
      of_process[file.process].push_back(std::move(judged));
    }
  }

  // Observed as if they were registered, grouped by what they hold.
  Registration registered;
  for (const auto& [process, files] : of_process) registered.processes.push_back(process);
  if (registered.processes.empty()) return list;
  ObserveOptions options;
  options.capture = true;
  auto seen = machine.Observe(registered, options, cancel);
  if (!seen) return Pass(std::move(seen));
  if (cancel.stop_requested()) return Fail(kCancelled, "looking for outdated code was cancelled");
  seen->holdings.clear();
  for (const auto& [process, files] : of_process) {
    const bool runs = std::any_of(files.begin(), files.end(), [](const StaleFile& f) {
      return f.file.kind == MappedKind::kExecutable;
    });
    Holding holding;
    holding.process = process;
    holding.kind = runs ? HoldKind::kExecutable : HoldKind::kMapping;
    holding.previous_content = true;
    seen->holdings.push_back(holding);
  }
  auto self = machine.Self(caller);
  if (!self) return Pass(std::move(self));
  const Onlooker onlooker{self->self, self->ancestors, self->uid, self->owner};
  for (App& app : AffectedApps(Registration{}, *seen, onlooker, true)) {
    StaleApp stale;
    for (const ProcessId& process : app.processes) {
      auto& files = of_process[process];
      stale.files.insert(stale.files.end(), files.begin(), files.end());
    }
    stale.app = std::move(app);
    stale.app.holdings.clear();
    const bool is_stale =
        std::any_of(stale.files.begin(), stale.files.end(),
                    [](const StaleFile& file) { return file.freshness == Freshness::kStale; });
    if (is_stale) FindCure(stale, *seen);
    list.apps.push_back(std::move(stale));
  }
  return list;
}

}  // namespace rm
