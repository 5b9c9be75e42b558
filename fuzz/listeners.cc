// /proc/net/unix, in which every user writes names
#include "apps/listener_table.h"
#include "base/application_protocol.h"
#include "fuzz/fuzz.h"

void rm::Fuzz(std::string_view input) {
  const auto claim = ParseListener(input);
  if (!claim) return;
  Require(claim->address.starts_with(ListenerPrefix(claim->pid)));
  Require(input.ends_with(claim->address));
}
