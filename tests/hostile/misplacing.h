// Something foreign in the place of one of our files, and the file of somebody else that it leads
// to.
#pragma once

#include <filesystem>
#include <string>

namespace rm::test {

inline constexpr const char* kMisplacedKinds[] = {
    "link",      "dangling link", "link to itself", "directory",    "FIFO",
    "hard link", "socket",        "device",         "foreign file", "open file"};

class Misplacing {
 public:
  // `directory` is one of the test's own.
  explicit Misplacing(const std::string& directory) : directory_(directory) {}

  // With what was there as the content of the file that it leads to, as it would be believed.
  // False: it cannot be made here.
  bool Put(const std::string& kind, const std::filesystem::path& at);
  // "": nothing was followed, and nothing written to.
  std::string Harm() const;

 private:
  std::filesystem::path victim() const { return directory_ / "victim"; }
  std::filesystem::path nothing() const { return directory_ / "nothing"; }

  const std::filesystem::path directory_;
  std::string precious_;
};

}  // namespace rm::test
