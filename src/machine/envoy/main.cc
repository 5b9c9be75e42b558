// rm-envoy.exe does what Rstrtmgr.dll cannot do inside of its caller: looks into processes of 64
// bits for one of 32, and goes to the console of another process.
//
//   rm-envoy inspect [PID START]...   writes ToText(Inspections)
//   rm-envoy interrupt PID            writes why CTRL_C could not be sent, or nothing
#include <windows.h>

#include <cstdlib>
#include <string>
#include <utility>

#include "machine/win32/inspection.h"

namespace {

int Say(const std::string& text) {
  DWORD written = 0;
  const bool said = text.empty() || ::WriteFile(::GetStdHandle(STD_OUTPUT_HANDLE), text.data(),
                                                static_cast<DWORD>(text.size()), &written, nullptr);
  return said ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string verb = argc > 2 ? argv[1] : "";
  if (verb == "interrupt")
    return Say(rm::InterruptHere(static_cast<DWORD>(std::strtoul(argv[2], nullptr, 10))));
  if (verb != "inspect" || argc % 2 != 0) return 2;
  rm::Inspections all;
  for (int i = 2; i + 1 < argc; i += 2) {
    const rm::ProcessId process{static_cast<pid_t>(std::strtoul(argv[i], nullptr, 10)),
                                std::strtoull(argv[i + 1], nullptr, 10)};
    auto seen = rm::InspectHere(process);
    if (!seen) continue;
    all.processes.push_back(process);
    all.seen.push_back(std::move(*seen));
  }
  return Say(ToText(all));
}
