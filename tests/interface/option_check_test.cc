#include "engine/support/option_check.h"

#include <gtest/gtest.h>

#include <limits>

namespace appcache::internal::option_check_test {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();

// The message of a failed check.
std::string MessageOf(const Status& status) {
  EXPECT_TRUE(status.Is(ErrorCode::kInvalidArgument)) << status.ToString();
  return status.ok() ? std::string() : status.message();
}

TEST(OptionCheckTest, BothLimitsOfARangeAreValid) {
  EXPECT_TRUE(
      CheckDuration("t", milliseconds(0), milliseconds(0), hours(1)).ok());
  EXPECT_TRUE(CheckDuration("t", hours(1), milliseconds(0), hours(1)).ok());
  EXPECT_TRUE(CheckRange("n", 1, 1, 9).ok());
  EXPECT_TRUE(CheckRange("n", 9, 1, 9).ok());
  EXPECT_TRUE(CheckRange("n", kMax, 1, kMax).ok());
  EXPECT_TRUE(CheckSize("bytes", 1024, 1024, 2048).ok());
  EXPECT_TRUE(CheckSize("bytes", 2048, 1024, 2048).ok());
}

TEST(OptionCheckTest, ADurationOutOfRangeIsNamedWithItsRange) {
  EXPECT_EQ(MessageOf(CheckDuration("busy_timeout", milliseconds(-5),
                                    milliseconds(0), hours(24))),
            "busy_timeout is -5 ms; it must be from 0 ms to a day");
  EXPECT_EQ(MessageOf(CheckDuration("busy_timeout", milliseconds(86'400'001),
                                    milliseconds(0), hours(24))),
            "busy_timeout is 86400001 ms; it must be from 0 ms to a day");
}

// The range of a message about a duration.
std::string DurationRange(milliseconds least, milliseconds most) {
  const std::string message =
      MessageOf(CheckDuration("t", milliseconds::min(), least, most));
  return message.substr(message.find("from "));
}

TEST(OptionCheckTest, DurationsAreInTheLargestUnitThatDividesThem) {
  EXPECT_EQ(DurationRange(milliseconds(1), milliseconds(1500)),
            "from 1 ms to 1500 ms");
  EXPECT_EQ(DurationRange(milliseconds(1000), milliseconds(30'000)),
            "from 1 s to 30 s");
  EXPECT_EQ(DurationRange(milliseconds(60'000), milliseconds(120'000)),
            "from a minute to 2 minutes");
  EXPECT_EQ(DurationRange(hours(1), hours(36)), "from an hour to 36 hours");
  EXPECT_EQ(DurationRange(hours(24), hours(24 * 7)), "from a day to 7 days");
  EXPECT_EQ(DurationRange(hours(24 * 365), hours(24 * 365 * 100)),
            "from a year to 100 years");
  EXPECT_EQ(DurationRange(milliseconds(-1000), milliseconds::max()),
            "from -1000 ms to 9223372036854775807 ms");
}

TEST(OptionCheckTest, ANumberOutOfRangeIsNamedWithItsRange) {
  EXPECT_EQ(MessageOf(CheckRange("max_connections", 10'001, 1, 10'000)),
            "max_connections is 10001; it must be from 1 to 10,000");
  EXPECT_EQ(MessageOf(CheckRange("n", 0, 999, 1'234'567)),
            "n is 0; it must be from 999 to 1,234,567");
  EXPECT_EQ(MessageOf(CheckRange("max_entries", 0, 1, uint64_t{1} << 62)),
            "max_entries is 0; it must be from 1 to 2^62");
  EXPECT_EQ(MessageOf(CheckRange("failures", 0, 1, kMax)),
            "failures is 0; it must be at least 1");
}

TEST(OptionCheckTest, ASizeOutOfRangeIsNamedWithItsRange) {
  EXPECT_EQ(MessageOf(CheckSize("max_item_bytes", 5, 1024, 1 << 30)),
            "max_item_bytes is 5; it must be from 1 KiB to 1 GiB");
  EXPECT_EQ(MessageOf(CheckSize("max_bytes", 5, 1000, uint64_t{8} << 20)),
            "max_bytes is 5; it must be from 1000 bytes to 8 MiB");
  EXPECT_EQ(MessageOf(CheckSize("max_bytes", 5, 1 << 20, uint64_t{1} << 40)),
            "max_bytes is 5; it must be from 1 MiB to 1 TiB");
}

}  // namespace
}  // namespace appcache::internal::option_check_test
