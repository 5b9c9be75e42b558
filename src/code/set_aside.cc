#include "code/set_aside.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace rm {
namespace {

constexpr std::array<std::string_view, 16> kSuffixes = {
    ".bak",     ".old",      ".orig",     ".prev",    ".previous", ".save",     ".backup",
    "~",        ".dpkg-tmp", ".dpkg-old", ".rpmsave", ".rpmorig",  ".rpmmoved", ".dpkg-backup",
    ".deleted", ".replaced"};

bool IsHex(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789abcdefABCDEF") == text.npos;
}

}  // namespace

std::vector<std::string> NamesBefore(const std::string& path) {
  const size_t slash = path.rfind('/') + 1;
  const std::string directory = path.substr(0, slash), name = path.substr(slash);
  std::vector<std::string> names;
  const auto add = [&](const std::string& before) {
    if (!before.empty()) names.push_back(directory + before);
  };
  for (const std::string_view suffix : kSuffixes) {
    if (name.ends_with(suffix)) add(name.substr(0, name.size() - suffix.size()));
  }
  // rpm: "NAME;5f3a9c21".
  const size_t semicolon = name.rfind(';');
  if (semicolon != name.npos && name.size() - semicolon == 9 &&
      IsHex(std::string_view(name).substr(semicolon + 1))) {
    add(name.substr(0, semicolon));
  }
  // prelink: "NAME.#prelink#.AbCdEf".
  if (const size_t at = name.find(".#prelink#"); at != name.npos) add(name.substr(0, at));
  return names;
}

bool IsNfsLeftover(const std::string& path) {
  const std::string_view name = std::string_view(path).substr(path.rfind('/') + 1);
  return name.starts_with(".nfs") && name.size() >= 4 + 16 && IsHex(name.substr(4));
}

}  // namespace rm
