// Which code does a process run, and what is on disk under its name? Facts; inspect/ judges them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/process.h"

namespace rm {

enum class MappedKind {
  kExecutable,  // the program itself
  kLibrary,     // any other file that it may execute (PROT_EXEC)
  kData,        // mapped, not executable
};

// What is at the name now.
enum class AtName {
  kSame,       // the file that is mapped
  kOther,      // another one
  kNothing,    // none
  kNotLooked,  // could not be looked at: MappedFile::trouble
};

// Was a file that is still at its name written to after it was mapped?
enum class Overwritten {
  kNo,
  kYes,      // the relocated part of the process' memory is not that of the file
  kPerhaps,  // it was written to since the process started; nothing tells what came first
};

// One file of one process that is not, or perhaps not, what is on disk now. Where nothing is odd
// there is no such fact. Empty build-ids: the file has none, or it cannot be read.
struct MappedFile {
  ProcessId process;
  MappedKind kind = MappedKind::kLibrary;
  std::string path;    // the name it was loaded by if that is known, else as the kernel shows it
  std::string mapped;  // as the kernel shows it now, without " (deleted)"
  AtName at_name = AtName::kSame;
  Overwritten overwritten = Overwritten::kNo;
  bool never_named = false;        // memfd, shared memory: lives on no mounted file system
  bool was_deleted = false;        // the kernel says so
  bool is_mounted = false;         // by itself; `path` is where it was mounted from
  std::optional<bool> is_elf;      // the mapped file
  std::optional<bool> same_bytes;  // mapped and named file, compared where both lack a build-id
  std::string mapped_build_id;     // lower case hex
  std::string named_build_id;
  int64_t born_ns = 0;             // of the mapped file, wall clock; 0 unknown
  int64_t process_started_ns = 0;  // wall clock, by the clock of now
  std::string trouble;             // why something could not be looked at

  friend bool operator==(const MappedFile&, const MappedFile&) = default;
};

// A process of which nothing, or not everything, could be read. Pid 0: all that /proc hides.
struct UnreadableProcess {
  ProcessId id;
  std::string name;

  friend auto operator<=>(const UnreadableProcess&, const UnreadableProcess&) = default;
};

struct MappedScan {
  std::vector<MappedFile> files;  // by process
  std::vector<UnreadableProcess> unreadable;
  size_t processes = 0;  // looked at
};

}  // namespace rm
