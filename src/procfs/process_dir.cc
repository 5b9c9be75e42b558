#include "procfs/process_dir.h"

#include <cerrno>
#include <string>

#include "procfs/read.h"

namespace rm {

int OpenProcess(const ProcTree& proc, pid_t pid, UniqueFd& directory) {
  return OpenDirectoryAt(proc.fd(), std::to_string(pid).c_str(), directory);
}

int ReadStat(int directory, ProcessStat& stat) {
  std::string text;
  if (const int error = ReadFileAt(directory, "stat", kSmallFile, text)) return error;
  std::optional<ProcessStat> parsed = ParseStat(text);
  if (!parsed) return EPROTO;
  stat = std::move(*parsed);
  return 0;
}

}  // namespace rm
