// The command line of any process that calls itself systemctl, its words separated by NULs
#include <algorithm>

#include "fuzz/fuzz.h"
#include "guard/request.h"

void rm::Fuzz(std::string_view input) {
  std::vector<std::string> argv{"systemctl"};
  for (size_t end; (end = std::min(input.find('\0'), input.size())) < input.size();) {
    argv.emplace_back(input.substr(0, end));
    input.remove_prefix(end + 1);
  }
  argv.emplace_back(input);

  const auto request = ParseStartRequest(argv);
  if (request) {
    for (const std::string& word : request->words)
      Require(std::ranges::find(argv, word) != argv.end());
    // As it was spelled it is always meant, whatever patterns stand beside it.
    for (const std::string& word : request->words) Require(Names(*request, {word}));
    Names(*request, {"nginx.service", std::string(255, 'a'), ""});
  }
  argv.insert(argv.begin() + 1, "--no-block");
  Require(!ParseStartRequest(argv));
}
