// Does a session of this thread call a function of its caller's now? Who calls the session from
// there would wait for itself.
#pragma once

#include "session/session.h"

namespace rm {

// As long as it lives.
class CallingBack {
 public:
  explicit CallingBack(const Session* session);
  ~CallingBack();
  CallingBack(const CallingBack&) = delete;
  CallingBack& operator=(const CallingBack&) = delete;

 private:
  const Session* const before_;
};

const Session* CalledBackBy();  // NULL: nobody calls

}  // namespace rm
