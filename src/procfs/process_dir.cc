#include "procfs/process_dir.h"

#include <cerrno>
#include <csignal>
#include <string>

#include "procfs/read.h"

namespace rm {

int OpenProcess(const ProcTree& proc, pid_t pid, UniqueFd& directory) {
  return OpenDirectoryAt(proc.fd(), std::to_string(pid).c_str(), directory);
}

bool IsHidden(const ProcTree& proc, pid_t pid) {
  UniqueFd directory;
  const int error = proc.live() ? OpenProcess(proc, pid, directory) : 0;
  return (error == ENOENT || error == EPERM) && (kill(pid, 0) == 0 || errno == EPERM);
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
