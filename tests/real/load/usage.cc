#include "real/load/usage.h"

#include <malloc.h>
#include <unistd.h>

#include <filesystem>
#include <iterator>

#include "crash/read_all.h"
#include "real/load/store_rows.h"

namespace rm::test {
namespace {

namespace fs = std::filesystem;

int64_t Entries(const std::string& directory) {
  return std::distance(fs::directory_iterator(directory), fs::directory_iterator());
}

struct Process {
  std::string name;
  pid_t parent = 0;
};

// PID (NAME) STATE PARENT ...; the name may be anything.
Process Read(const fs::path& process) {
  const std::string stat = ReadAll(process / "stat");
  const size_t begin = stat.find('('), end = stat.rfind(')');
  if (end == stat.npos) return {};
  return {stat.substr(begin + 1, end - begin - 1), atoi(stat.c_str() + end + 4)};
}

int64_t Processes(const std::string& store, const std::string& program) {
  int64_t count = 0;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    if (entry.path().filename().native().find_first_not_of("0123456789") != std::string::npos)
      continue;
    const Process process = Read(entry.path());
    const bool ours = process.parent == getpid() ||
                      ReadAll(entry.path() / "cmdline").find(store) != std::string::npos;
    if (ours && process.name != fs::path(program).filename()) ++count;
  }
  return count;
}

}  // namespace

std::map<std::string, int64_t> Usage(const std::string& store, const std::string& program) {
  std::map<std::string, int64_t> usage = {
      {"descriptors", Entries("/proc/self/fd")},
      {"threads", Entries("/proc/self/task")},
      {"processes", Processes(store, program)},
      {"files in the store", Entries(store)},
      {"bytes of the database", static_cast<int64_t>(fs::file_size(store + "/sessions.db"))},
      // A sanitizer, which has an allocator of its own, says 0.
      {"bytes of the heap", static_cast<int64_t>(mallinfo2().uordblks)},
  };
  for (const auto& [table, rows] : StoreRows(store)) usage["rows in " + table] = rows;
  return usage;
}

}  // namespace rm::test
