#include "model/app.h"

namespace rm {

bool SameOwner(const App& a, const App& b) {
  if (a.unit || b.unit) return a.unit == b.unit;
  return a.main == b.main;
}

}  // namespace rm
