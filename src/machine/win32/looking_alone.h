// Does nobody else look for holders now? A look has files open for moments, and copies of the
// handles of others: another look, of this process or of another installer, would take the one who
// looks for a holder.
#pragma once

#include <stop_token>

#include "base/win32/named_mutex.h"

namespace rm {

class LookingAlone {
 public:
  // Waits for the others, at most 30 s, or until it is cancelled.
  explicit LookingAlone(const std::stop_token& cancel);

 private:
  NamedMutex mutex_;
};

}  // namespace rm
