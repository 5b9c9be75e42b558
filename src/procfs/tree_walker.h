// What is in one directory of a tree?
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "base/unique_fd.h"
#include "procfs/automounts.h"
#include "procfs/handles_of.h"
#include "procfs/layers.h"
#include "procfs/tree.h"

namespace rm {

// A directory of the tree that is still to be looked into.
struct TreePlace {
  std::string below;  // "" is the root
  uint64_t dev = 0;   // 0: not known yet
  bool mounted = false;
};

// Who is told what there is.
class TreeSink {
 public:
  virtual ~TreeSink() = default;
  virtual void Found(TreeEntry entry) = 0;
  virtual void Enter(TreePlace place) = 0;
  virtual void Skip(Skipped skipped) = 0;
};

class TreeWalker {
 public:
  TreeWalker(const std::string& root, const TreeOptions& options, Automounts automounts)
      : root_(root), options_(options), automounts_(std::move(automounts)) {}

  // With kNear, false where a server might have to be asked: a link is on the way.
  enum class Way { kNear, kAny };
  Result<bool> OpenRoot(Way way, TreeSink& sink);
  // From now on nothing is kept open that somebody could see while a server does not answer, but
  // the directory that is read; names are looked up from the root of all. Opens the root, if it was
  // not.
  Result<void> GoFar(TreeSink& sink);
  // Nothing, where the root could not be opened.
  Result<void> LookInto(const TreePlace& place, TreeSink& sink);

  bool is_open() const { return top_ || far_; }
  std::string FullPath(const std::string& below) const;

 private:
  Result<void> CannotOpen(int error, const std::string& below, TreeSink& sink) const;
  int OpenBelow(const std::string& below, UniqueFd& opened) const;
  int OpenStepByStep(std::string_view below, UniqueFd& opened) const;
  int OpenFar(const std::string& below, int flags, UniqueFd& opened) const;
  int StatEntry(int folder, const std::string& name, const std::string& here, UniqueFd& object,
                struct statx& found) const;
  Result<void> Add(int folder, bool may_have_handles, const std::string& name,
                   const TreePlace& place, TreeSink& sink);

  const std::string& root_;
  const TreeOptions& options_;
  const Automounts automounts_;
  UniqueFd top_;
  bool far_ = false;
  std::string top_path_;  // without links, where it is looked for far away
  uint64_t device_ = 0;
  uint64_t mount_ = 0;
  size_t found_ = 0;
  const UniqueFd process_{ProcessInPath(root_)};
  Layers layers_{Layers::Wait::kMay};
  std::set<std::pair<uint64_t, uint64_t>> been_in_;
};

}  // namespace rm
