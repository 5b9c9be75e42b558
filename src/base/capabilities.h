// What may this process do? Its capabilities(7) as masks: bit N is the one numbered N.
#pragma once

#include <cstdint>

#include "base/result.h"

namespace rm {

constexpr uint64_t Bit(int capability) { return uint64_t{1} << capability; }

struct Capabilities {
  uint64_t effective = 0;
  uint64_t permitted = 0;
  uint64_t inheritable = 0;
};

// Of this thread. 5.
Result<Capabilities> GetCapabilities();
Result<void> SetCapabilities(const Capabilities& wanted);

}  // namespace rm
