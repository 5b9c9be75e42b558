#include "execute/progress.h"

#include <algorithm>
#include <utility>

namespace rm {

Progress::Progress(size_t total, std::function<void(unsigned)> tell)
    : total_(total), tell_(std::move(tell)) {}

void Progress::Begin() {
  if (total_ != 0) Tell(0);
}

void Progress::Done(size_t count) {
  done_ = std::min(done_ + count, total_);
  if (total_ != 0) Tell(static_cast<unsigned>(done_ * 100 / total_));
}

void Progress::End() { Tell(100); }

void Progress::Tell(unsigned percent) {
  if (told_ && percent <= percent_) return;
  told_ = true;
  percent_ = percent;
  if (tell_) tell_(percent);
}

}  // namespace rm
