#include "cli/output.h"

#include <cstdio>

namespace rm::cli {

// A failed write sticks to its stream: FlushAnswers tells of standard output, and nobody can be
// told of standard error.
void Answer(std::string_view text) { (void)std::fwrite(text.data(), 1, text.size(), stdout); }

void Remark(std::string_view text) {
  (void)std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

bool FlushAnswers() { return std::fflush(stdout) == 0 && std::ferror(stdout) == 0; }

}  // namespace rm::cli
