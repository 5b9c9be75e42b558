// How far is it? A strictly increasing 0..100, no value twice (contract.md 13).
#pragma once

#include <functional>

namespace rm {

class Progress {
 public:
  Progress(size_t total, std::function<void(unsigned)> tell);
  void Begin();  // tells 0
  void Done(size_t count = 1);
  void End();  // tells 100
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
