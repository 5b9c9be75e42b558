#include <unistd.h>

#include <algorithm>
#include <restartmanager.hpp>

#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/stale_text.h"
#include "cli/text.h"

namespace rm::cli {
namespace {

// Who asks is gone when the answer is read.
void DropSelf(api::StaleList& list) {
  const auto self = static_cast<DWORD>(getpid());
  for (api::StaleApp& app : list.apps) {
    std::erase_if(app.files, [&](const api::StaleFile& file) {
      if (file.process.dwProcessId != self) return false;
      if (file.freshness == RmxStale) --list.stale;
      return true;
    });
  }
  std::erase_if(list.apps, [](const api::StaleApp& app) { return app.files.empty(); });
}

}  // namespace

int Stale(const StaleOptions& options) {
  auto list = api::Stale(options.all);
  if (!list) {
    Complain("{}", list.error().text);
    return kExitWhoFailed;
  }
  DropSelf(*list);
  if (options.json) {
    Answer(StaleJson(*list) + "\n");
  } else {
    for (const api::StaleApp& app : list->apps) Answer(StaleText(app));
    if (list->stale == 0) Complain("no outdated code in {} processes", list->processes);
    if (const std::string besides = StaleSumLine(*list, options.all); !besides.empty()) {
      Complain("{}", besides);
    }
    for (const std::string& line : StaleBlindSpots(*list, options.all, geteuid() == 0))
      Complain("{}", line);
  }
  return list->stale != 0 ? kExitStale : 0;
}

}  // namespace rm::cli
