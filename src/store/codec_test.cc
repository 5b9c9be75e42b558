#include "store/codec.h"

#include <gtest/gtest.h>

#include "store/samples.h"

namespace rm {
namespace {

TEST(CodecTest, ABatchComesBack) {
  const Registration batch = SampleBatch();
  Registration read;
  ASSERT_TRUE(DecodeBatch(EncodeBatch(batch), read));
  EXPECT_EQ(AllFields(read.files), AllFields(batch.files));
  EXPECT_EQ(read.processes, batch.processes);
  EXPECT_EQ(read.services, batch.services);
}

TEST(CodecTest, BatchesAreAppended) {
  Registration read;
  ASSERT_TRUE(DecodeBatch(EncodeBatch(NumberedBatch(1, 3)), read));
  ASSERT_TRUE(DecodeBatch(EncodeBatch(NumberedBatch(2, 3)), read));
  ASSERT_EQ(read.files.size(), 6u);
  EXPECT_EQ(read.files[0].path, "/batch/1/0");
  EXPECT_EQ(read.files[3].path, "/batch/2/0");
}

TEST(CodecTest, FiltersComeBackAndDifferentTargetsDiffer) {
  std::vector<std::string> seen;
  for (const Filter& filter : SampleFilters()) {
    const std::string bytes = EncodeTarget(filter);
    const std::optional<Filter> read = DecodeTarget(bytes);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->target, filter.target);
    EXPECT_EQ(std::ranges::count(seen, bytes), 0);
    seen.push_back(bytes);
  }
  EXPECT_NE(EncodeTarget({Filter::Executable{"nginx"}}), EncodeTarget({Filter::Service{"nginx"}}));
}

TEST(CodecTest, AppsComeBack) {
  const std::vector<App> apps = SampleApps();
  const auto read = DecodeApps(EncodeApps(apps));
  ASSERT_TRUE(read);
  EXPECT_EQ(AllFields(*read), AllFields(apps));
}

TEST(CodecTest, WhatIsOwedComesBack) {
  for (const Debt& debt : SampleDebts()) {
    const std::optional<Debt> read = DecodeOwed(EncodeOwed(debt));
    ASSERT_TRUE(read);
    Debt expected = debt;  // these have columns of their own
    expected.state = DebtState::kOwed;
    expected.relaunch_unit.clear();
    expected.spec_file.clear();
    expected.stopped_run.clear();
    EXPECT_EQ(FieldsOf(*read), FieldsOf(expected));
  }
}

// Each beginning, and one byte too many: never read beyond the end, never taken for a value.
template <class Decodes>
void RefusesEverythingElse(const std::string& bytes, Decodes decodes) {
  ASSERT_TRUE(decodes(bytes));
  EXPECT_FALSE(decodes(bytes + '\0'));
  for (size_t size = 0; size < bytes.size(); ++size)
    // A copy of its own, so that the sanitizer sees a read past the end.
    EXPECT_FALSE(decodes(std::string(bytes, 0, size))) << size << " of " << bytes.size();
}

TEST(CodecTest, CutBytesAreRefused) {
  RefusesEverythingElse(EncodeBatch(SampleBatch()), [](const std::string& bytes) {
    Registration read;
    return DecodeBatch(bytes, read);
  });
  for (const Filter& filter : SampleFilters())
    RefusesEverythingElse(EncodeTarget(filter),
                          [](const std::string& bytes) { return DecodeTarget(bytes).has_value(); });
  RefusesEverythingElse(EncodeApps(SampleApps()),
                        [](const std::string& bytes) { return DecodeApps(bytes).has_value(); });
  for (const Debt& debt : SampleDebts())
    RefusesEverythingElse(EncodeOwed(debt),
                          [](const std::string& bytes) { return DecodeOwed(bytes).has_value(); });
}

TEST(CodecTest, ChangedBytesNeverHarm) {
  const std::string bytes = EncodeBatch(SampleBatch());
  for (size_t at = 0; at < bytes.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
      Registration read;
      if (DecodeBatch(changed, read)) {
        EXPECT_LE(read.files.size(), changed.size());
      }
    }
}

TEST(CodecTest, ASharedBeginningLongerThanThePathBeforeIsRefused) {
  Registration read;
  EXPECT_FALSE(DecodeBatch(std::string("\x01\x05\x01x\0\0\0\0", 8), read));
}

}  // namespace
}  // namespace rm
