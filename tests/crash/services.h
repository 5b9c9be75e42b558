// Services of the caller's service manager in a booted systemd, and one plain program, that all use
// one file: are they up as they were before?
#pragma once

#include <string>

#include "crash/population.h"

namespace rm::test {

// Of the numbers of the population 0 is a plain program and the others are services: one with a
// dependent that is down too (PartOf=), a dependent of it (Requires=, PartOf=), one with
// Restart=always, one with a socket, on which somebody waits all the time.
class Services {
 public:
  Services();
  ~Services();
  Services(const Services&) = delete;

  Population& population() { return population_; }
  // Everyone once, nobody else, nothing failed, no job in PID 1 and none of our units but those of
  // programs that are back, or 20 s. "": so it is.
  std::string AwaitAllAsBefore(size_t most_starts) const;

 private:
  void Start(int i);

  Population population_;
  int client_ = -1;
};

}  // namespace rm::test
