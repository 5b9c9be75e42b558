// One look at the code of one process. Part of process_code.cc.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "code/loaded_names.h"
#include "code/mappings.h"
#include "code/process_code.h"

namespace rm {

class ProcessLook {
 public:
  ProcessLook(ProcessCode& shared, int directory, const ProcessId& id);

  // 0 or an errno.
  int Look(std::vector<MappedFile>& found);

 private:
  // A mapped file while it is looked at.
  struct Subject {
    const Mapping& mapping;
    MappedKind kind;
    bool is_program = false;             // unlike `kind`, also if a loader was executed with it
    std::string loaded_as;               // "" unknown
    std::optional<uint64_t> base;        // of a loaded ELF file
    std::string printed;                 // by the kernel, for us, without escapes
    std::string shown;                   // the same, from the root of the process on
    std::string found_as;                // the name by which it was found
    std::optional<struct statx> object;  // none: may not be asked
    bool asked = false;
  };

  void ReadNames();
  bool IsInRoot(const std::string& printed) const;
  Subject SubjectOf(const Mapping& mapping) const;
  const std::string& NameIn(const RootView& view, const Subject& subject) const;
  void Examine(size_t number, std::vector<MappedFile>& found);
  bool IsMemory(const Subject& subject) const;
  bool RunsAllItReads();
  bool TakeNameOfInterpreter(Subject& subject) const;
  const std::optional<struct statx>& ObjectOf(Subject& subject);
  std::string ObjectLink(const Subject& subject) const;
  bool IsSame(Subject& subject, const Named& named);

  // Decides MappedFile::path and at_name. Returns where the name was found, if it was.
  RootView* FindName(Subject& subject, MappedFile& fact);
  RootView* FindUnchanged(Subject& subject, MappedFile& fact);
  RootView* FindByLoadedName(Subject& subject, MappedFile& fact);
  RootView* FindByShownName(Subject& subject, MappedFile& fact);
  RootView* FindSetAside(Subject& subject, MappedFile& fact);
  RootView* FindMountedFrom(Subject& subject, MappedFile& fact);
  static bool TakeOther(RootView& view, const std::string& path, MappedFile& fact);
  void ChooseViews(Subject& subject);
  void NameIsOfElsewhere();
  bool LivesHere();
  bool IsSameProgramKind(Subject& subject, RootView& view, const std::string& path);

  void CompareContent(Subject& subject, RootView& view, MappedFile& fact);
  void CompareCode(const Subject& subject, RootView& view, MappedFile& fact);
  void DescribeMapped(Subject& subject, MappedFile& fact);
  void CompareTimes(Subject& subject, RootView& view, MappedFile& fact);
  bool IsLocal(const Subject& subject) const;
  Content ReadMapped(Subject& subject);
  const Content& ReadNamed(RootView& view, const std::string& path);
  UniqueFd OpenMapped(const Subject& subject) const;
  static UniqueFd OpenNamed(RootView& view, const std::string& path);

  ProcessCode& shared_;
  const int directory_;
  const ProcessId id_;
  int64_t started_ns_ = 0;
  Mappings mappings_;
  int program_ = -1;                            // its number there; -1 unknown
  std::string executable_;                      // what the link exe says
  std::string inside_;                          // what the link root says; "" if that is ours
  std::vector<std::string> loaded_as_;          // by number of the mapping
  std::vector<std::optional<uint64_t>> bases_;  // likewise
  std::optional<ProcessMemory> memory_;
  RootView* root_ = nullptr;
  bool our_namespace_ = false;
  std::optional<bool> lives_here_;
  std::optional<bool> runs_all_it_reads_;
  std::vector<RootView*> views_;  // where the names of the subject are looked up, likeliest first
  std::string trouble_;
};

}  // namespace rm
