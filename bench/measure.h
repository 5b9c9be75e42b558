// How long does it take, and what does a program print?
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace rm::bench {

// Says why and exits with 1.
[[noreturn]] void Die(const std::string& why);

double Milliseconds(const std::function<void()>& work);
double Median(std::vector<double> values);

// What everybody but this program and its ended children has used of all processors, the kernel's
// threads and the hypervisor's other guests among them: seconds since the machine was started.
double ProcessorSecondsOfOthers();

struct Ended {
  std::string output;  // stdout; stderr is thrown away
  int status = 0;      // as of waitpid(2)
  // Peak of resident memory; never below what the caller has, since the kernel counts from before
  // the program was executed.
  long peak_kib = 0;
};
Ended RunProgram(std::vector<std::string> words);

}  // namespace rm::bench
