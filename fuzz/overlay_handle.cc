// The handle of an overlay's file, and the attribute that names what it was copied up from
#include "fuzz/fuzz.h"
#include "procfs/object_handle.h"

void rm::Fuzz(std::string_view input) {
  const auto layer = ParseOverlayHandle(input);
  if (layer) Require(NumbersIn(layer->handle).size() <= layer->handle.id.size());
}
