// What may happen to a file: bits that change, and an end that is missing. From a seed, so that it
// can be done again: RM_HOSTILE_SEED. RM_HOSTILE_TRIALS is how often.
#pragma once

#include <filesystem>
#include <random>
#include <string>

namespace rm::test {

class Damage {
 public:
  // Tells the seed.
  explicit Damage(int usual_trials);

  int trials() const { return trials_; }
  // Changes some bytes of the file, or cuts it short. Says what was done; "" to an empty file.
  std::string Do(const std::filesystem::path& file);
  size_t Below(size_t limit) { return random_() % limit; }

 private:
  const int trials_;
  std::mt19937_64 random_;
};

}  // namespace rm::test
