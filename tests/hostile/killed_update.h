// What does a killed installer leave, with two programs down and nobody to bring them back? Its
// store, as often as it is wanted.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "crash/population.h"
#include "hostile/limited.h"

namespace rm::test {

class KilledUpdate : public ::testing::Test {
 protected:
  // Stops both programs, and kills installer and guard. Skipped where systemd would bring them
  // back.
  void SetUp() override;

  // The store as the installer left it, and nobody runs.
  void Restore() const;
  // Names of the files in it.
  std::vector<std::string> Files() const;
  Ending Recover() const;

  std::filesystem::path kept() const { return population_.directory() + "/kept"; }

  Population population_{2, GUEST};
};

}  // namespace rm::test
