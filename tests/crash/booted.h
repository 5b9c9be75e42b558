// The ground of tests in a booted systemd: services, one plain program, and what the installer
// said.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "crash/services.h"

namespace rm::test {

class Booted : public ::testing::Test {
 protected:
  void SetUp() override;

  // "": restartctl recover has nothing to complain of.
  std::string Recover() const;
  // Where what the installer says is to be written, and what it has said.
  std::string errors() const { return population_.directory() + "/errors"; }
  std::string Said() const;
  // Who ends without success says why. `status` as of waitpid(2); "": so it is.
  std::string Tells(int status);
  // What the installer said that it could not bring back is still owed.
  bool OwesAndSaysSo(int status) const;
  // Everyone as before, once by PID 1 alone, unless some are `owed`, and once by restartctl
  // recover, which leaves nothing in the store.
  std::string Settle(size_t most_starts, bool owed);
  void PrintComplaints() const;

  Services services_;
  Population& population_ = services_.population();

 private:
  std::map<std::string, int> complaints_;  // first lines, and how often
};

}  // namespace rm::test
