// /proc/net/unix, in which every user writes names
#include "apps/listeners.h"

#include <unistd.h>

#include "base/application_protocol.h"
#include "base/start_ticks.h"
#include "fuzz/fuzz.h"

void rm::Fuzz(std::string_view input) {
  static const ProcessId self{getpid(),
                              ReadStartTicks(OpenProcessDirectory(getpid()).get()).value_or(0)};
  const Listeners listeners = Listeners::Parse(input);
  Require(listeners.size() <= 4096);
  // None of these sockets is ours.
  Require(!listeners.Of(self));
}
