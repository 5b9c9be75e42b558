// What a program notes in its memfd about being started again
#include "base/registration.h"

#include "fuzz/fuzz.h"

void rm::Fuzz(std::string_view input) {
  const auto note = DecodeRegistration(input);
  if (note) Require(DecodeRegistration(EncodeRegistration(*note)).has_value());
}
