#include "tools/command/text/units.h"

#include <gtest/gtest.h>

#include <limits>

#include "engine/uri/duration.h"
#include "tests/support/random.h"

namespace appcache::command::units_test {
namespace {

using std::chrono::milliseconds;

TEST(UnitsTest, SizesHaveAtMostFourDigits) {
  EXPECT_EQ(FormatSize(0), "0 B");
  EXPECT_EQ(FormatSize(1023), "1023 B");
  EXPECT_EQ(FormatSize(1024), "1.0 KiB");
  EXPECT_EQ(FormatSize(1536), "1.5 KiB");
  EXPECT_EQ(FormatSize(512'000), "500 KiB");
  EXPECT_EQ(FormatSize(1'048'575), "1.0 MiB");
  EXPECT_EQ(FormatSize(std::numeric_limits<uint64_t>::max()), "16.0 EiB");
}

TEST(UnitsTest, DurationsArePrintedInTheirTwoLargestUnits) {
  EXPECT_EQ(FormatDuration(milliseconds(-7)), "0.0s");
  EXPECT_EQ(FormatDuration(milliseconds(999)), "0.9s");
  EXPECT_EQ(FormatDuration(milliseconds(59'999)), "59s");
  EXPECT_EQ(FormatDuration(milliseconds(60'000)), "1m0s");
  EXPECT_EQ(FormatDuration(milliseconds(7'500'000)), "2h5m");
  EXPECT_EQ(FormatDuration(milliseconds(90'000'000)), "1d1h");
}

// The next larger value that FormatDuration may print.
milliseconds Step(milliseconds duration) {
  using std::chrono::hours, std::chrono::minutes, std::chrono::seconds;
  if (duration < seconds(10)) return milliseconds(100);
  if (duration < hours(1)) return seconds(1);
  return duration < hours(24) ? milliseconds(minutes(1)) : hours(1);
}

TEST(UnitsTest, AFormattedDurationCanBeParsed) {
  RandomSource random;
  for (int i = 0; i < 10'000; ++i) {
    // Of any order of magnitude; 2^41 ms are 70 years.
    const uint64_t limit = uint64_t{1} << random.Below(42);
    const milliseconds duration(random.Below(limit));
    const auto parsed = internal::ParseDuration(FormatDuration(duration));
    ASSERT_TRUE(parsed.ok()) << FormatDuration(duration);
    EXPECT_LE(*parsed, duration);
    EXPECT_GT(*parsed + Step(duration), duration) << duration.count();
  }
}

TEST(UnitsTest, NanosecondsArePrintedInASuitableUnit) {
  EXPECT_EQ(FormatNanoseconds(870), "870 ns");
  EXPECT_EQ(FormatNanoseconds(12'345), "12.3 us");
  EXPECT_EQ(FormatNanoseconds(4'560'000), "4.56 ms");
  EXPECT_EQ(FormatNanoseconds(1'200'000'000), "1.20 s");
}

}  // namespace
}  // namespace appcache::command::units_test
