// How far is it? 0, then the share of what is done, rounded down, then 100; strictly increasing
// (contract.md 13).
#pragma once

#include <functional>

namespace rm {

class Progress {
 public:
  Progress(size_t total, std::function<void(unsigned)> tell);
  void Begin();  // tells 0
  void Done(size_t count = 1);
  void End();  // tells 100, if that was not told
  unsigned percent() const { return percent_; }

 private:
  void Tell(unsigned percent);

  size_t total_;
  size_t done_ = 0;
  bool told_ = false;
  unsigned percent_ = 0;
  std::function<void(unsigned)> tell_;
};

}  // namespace rm
