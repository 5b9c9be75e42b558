// The columns of the session store; the first byte tells which
#include "store/codec.h"

#include "base/checksum.h"
#include "fuzz/fuzz.h"
#include "store/samples.h"

namespace rm {
namespace {

void Batch(std::string_view bytes) {
  Registration read, again;
  if (!DecodeBatch(bytes, read)) return;
  Require(DecodeBatch(EncodeBatch(read), again));
  Require(AllFields(again.files) == AllFields(read.files) && again.processes == read.processes &&
          again.services == read.services);
}

void Target(std::string_view bytes) {
  const auto read = DecodeTarget(bytes);
  if (!read) return;
  const auto again = DecodeTarget(EncodeTarget(*read));
  Require(again && FieldsOf(*again) == FieldsOf(*read));
}

void Apps(std::string_view bytes) {
  const auto read = DecodeApps(bytes);
  if (!read) return;
  const auto again = DecodeApps(EncodeApps(*read));
  Require(again && AllFields(*again) == AllFields(*read));
}

void Owed(std::string_view bytes) {
  const auto read = DecodeOwed(bytes);
  if (!read) return;
  const auto again = DecodeOwed(EncodeOwed(*read));
  Require(again && FieldsOf(*again) == FieldsOf(*read));
}

}  // namespace
}  // namespace rm

void rm::Fuzz(std::string_view input) {
  if (input.empty()) return;
  constexpr void (*kColumns[])(std::string_view) = {Batch, Target, Apps, Owed};
  const auto column = kColumns[static_cast<unsigned char>(input.front()) % 4];
  input.remove_prefix(1);
  column(input);
  column(Seal(std::string(input)));  // no fuzzer finds a checksum
}
