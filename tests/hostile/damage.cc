#include "hostile/damage.h"

#include <stdlib.h>

#include <cstdio>
#include <fstream>

namespace rm::test {
namespace {

namespace fs = std::filesystem;

uint64_t Setting(const char* name, uint64_t usual) {
  const char* const chosen = getenv(name);
  return chosen ? strtoull(chosen, nullptr, 0) : usual;
}

}  // namespace

Damage::Damage(int usual_trials)
    : trials_(static_cast<int>(Setting("RM_HOSTILE_TRIALS", usual_trials))) {
  // The same in each run, so that none fails by chance; others are tried by hand.
  const uint64_t seed = Setting("RM_HOSTILE_SEED", 1);
  printf("RM_HOSTILE_SEED=%llu RM_HOSTILE_TRIALS=%d\n", static_cast<unsigned long long>(seed),
         trials_);
  random_.seed(seed);
}

std::string Damage::Do(const fs::path& file) {
  const size_t size = fs::file_size(file);
  if (size == 0) return "";
  std::string did = file.filename();
  if (Below(8) == 0) {
    const size_t rest = Below(size);
    fs::resize_file(file, rest);
    return did + " cut to " + std::to_string(rest) + " of " + std::to_string(size);
  }
  std::fstream content(file, std::ios::in | std::ios::out | std::ios::binary);
  // Mostly a little, so that it is not noticed at the first look.
  for (size_t left = size_t{1} << Below(5); left > 0; --left) {
    const auto at = static_cast<std::streamoff>(Below(size));
    content.seekg(at);
    const int byte = content.get();
    const int changed = byte ^ static_cast<int>(1 + Below(255));
    content.seekp(at);
    content.put(static_cast<char>(changed));
    did += " " + std::to_string(at) + ":" + std::to_string(byte) + ">" + std::to_string(changed);
  }
  return did;
}

}  // namespace rm::test
