// Is anybody lost, or started twice, wherever a program meets trouble? On plain programs, without a
// service manager.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "crash/population.h"
#include "crash/traced.h"

namespace rm::test {

class Trials : public ::testing::Test {
 protected:
  using Words = std::vector<std::string>;
  // What is wrong with how it ended, before anybody recovers; "": nothing.
  using Judge = std::function<std::string(const TraceResult&)>;

  void SetUp() override;

  // restartctl run, of everybody.
  Words Run(const Words& command) const;
  TraceRequest Request(Words argv, const std::string& program, Trouble trouble) const;

  // Makes the trouble at every point in turn, or at one of `stride` unless RM_CRASH_ALL is set,
  // until there are no more of them. After each: restartctl recover, then everybody runs once and
  // nothing is left.
  void AtEveryPoint(TraceRequest request, int stride, const Judge& judge = {});

  // Where what argv[0] says can be written to, and what it has.
  std::string errors() const { return population_.directory() + "/errors"; }
  std::string Said() const;

  Population population_{2, GUEST};

 private:
  std::string Settle();
};

}  // namespace rm::test
