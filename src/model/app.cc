#include "model/app.h"

namespace rm {

bool SameOwner(const App& a, const App& b) {
  if (a.unit || b.unit) return a.unit == b.unit;
  // What the kernel itself does is no process; each use has its name.
  return a.main == b.main && (a.main.pid != 0 || a.name == b.name);
}

}  // namespace rm
