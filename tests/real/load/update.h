// How is a population's program replaced, and is everybody back after that?
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "crash/population.h"

namespace rm::test {

// By `restartctl run`.
std::vector<std::string> Restartctl(const Population& population);
// By a program that gives everybody 5 min for everything.
std::vector<std::string> PatientInstaller(const Population& population);

// Starts it; what it says goes to a file of the population's directory.
pid_t StartUpdate(const Population& population, std::vector<std::string> installer);
// Blocks until it has ended. "": with 0; else with what, and the end of what it said.
std::string AwaitUpdate(const Population& population, pid_t update);

// Writes /run/systemd/system/NAME with the usual sections of a service of the population.
// `depends`: lines of [Unit].
void WriteService(const Population& population, const std::string& name,
                  const std::string& argument, const std::string& depends = "");

// "": each of the `size` runs once, as a new process of the new file, and was started once.
std::string NotRenewed(const Population& population, int size);

}  // namespace rm::test
