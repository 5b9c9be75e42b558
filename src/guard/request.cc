#include "guard/request.h"

#include <fnmatch.h>

#include <algorithm>
#include <set>
#include <string_view>

namespace rm {
namespace {

// systemctl(1): verbs that queue a start and wait for it.
const std::set<std::string_view> kVerbs = {"start",
                                           "restart",
                                           "try-restart",
                                           "reload-or-restart",
                                           "try-reload-or-restart",
                                           "condrestart",
                                           "force-reload",
                                           "reload",
                                           "isolate",
                                           "default",
                                           "rescue",
                                           "reload-or-try-restart"};
// Those that do with --now.
const std::set<std::string_view> kVerbsWithNow = {"enable", "reenable", "preset"};
// Options whose value is the next word.
const std::set<std::string_view> kWithValue = {"-t",
                                               "--type",
                                               "--state",
                                               "-p",
                                               "--property",
                                               "-P",
                                               "--job-mode",
                                               "-n",
                                               "--lines",
                                               "-o",
                                               "--output",
                                               "-s",
                                               "--signal",
                                               "--kill-whom",
                                               "--what",
                                               "--root",
                                               "--image",
                                               "--preset-mode",
                                               "--message",
                                               "--boot-loader-menu",
                                               "--boot-loader-entry",
                                               "--timestamp"};
const std::set<std::string_view> kElsewhere = {"-H", "--host", "-M", "--machine"};

std::string_view FileName(std::string_view path) { return path.substr(path.rfind('/') + 1); }

bool HasSuffix(const std::string& word) {
  for (std::string_view suffix : {".service", ".socket", ".target", ".timer", ".path", ".mount",
                                  ".automount", ".scope", ".slice", ".swap", ".device"}) {
    if (word.ends_with(suffix)) return true;
  }
  return false;
}

}  // namespace

std::optional<StartRequest> ParseStartRequest(const std::vector<std::string>& argv) {
  if (argv.empty() || FileName(argv.front()) != kSystemctl) return std::nullopt;
  StartRequest request;
  std::string_view verb;
  bool now = false;
  bool options = true;
  for (size_t i = 1; i < argv.size(); ++i) {
    const std::string_view word = argv[i];
    if (!options || !word.starts_with('-') || word == "-") {
      if (verb.empty()) {
        verb = word;
      } else {
        request.words.emplace_back(word);
      }
    } else if (word == "--") {
      options = false;
    } else if (word == "--no-block") {
      return std::nullopt;
    } else if (word == "--user") {
      request.user_manager = true;
    } else if (word == "--now") {
      now = true;
    } else if (kElsewhere.contains(word.substr(0, word.find('='))) || word.starts_with("-H") ||
               word.starts_with("-M")) {
      return std::nullopt;
    } else if (kWithValue.contains(word)) {
      ++i;
    }
  }
  if (!kVerbs.contains(verb) && !(now && kVerbsWithNow.contains(verb))) return std::nullopt;
  return request;
}

bool Names(const StartRequest& request, const std::vector<std::string>& unit_names) {
  return std::any_of(request.words.begin(), request.words.end(), [&](const std::string& word) {
    // As systemctl completes it; isolate means a target.
    const std::vector<std::string> patterns =
        HasSuffix(word) ? std::vector{word}
                        : std::vector{word, word + ".service", word + ".target"};
    return std::any_of(unit_names.begin(), unit_names.end(), [&](const std::string& name) {
      return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
        return name == pattern || fnmatch(pattern.c_str(), name.c_str(), FNM_NOESCAPE) == 0;
      });
    });
  });
}

}  // namespace rm
