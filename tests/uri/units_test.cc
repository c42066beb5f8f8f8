#include "engine/uri/units.h"

#include <gtest/gtest.h>

#include <limits>

namespace appcache::internal::units_test {
namespace {

TEST(UnitsTest, ASizeHasABinaryOrADecimalUnit) {
  EXPECT_EQ(*ParseSize("0"), 0u);
  EXPECT_EQ(*ParseSize("512"), 512u);
  EXPECT_EQ(*ParseSize("512B"), 512u);
  EXPECT_EQ(*ParseSize("64KiB"), 65'536u);
  EXPECT_EQ(*ParseSize("64K"), 65'536u);
  EXPECT_EQ(*ParseSize("64KB"), 64'000u);
  EXPECT_EQ(*ParseSize("8MiB"), 8'388'608u);
  EXPECT_EQ(*ParseSize("8mb"), 8'000'000u);
  EXPECT_EQ(*ParseSize("1GiB"), 1'073'741'824u);
  EXPECT_EQ(*ParseSize("1GB"), 1'000'000'000u);
  EXPECT_EQ(*ParseSize("2TiB"), uint64_t{2} << 40);
}

TEST(UnitsTest, OtherTextsAreNotSizes) {
  for (const char* const text : {"", "KiB", "-1", "1.5MiB", "8XB", "8 MiB",
                                 "18446744073709551616", "16777216TiB"}) {
    const auto parsed = ParseSize(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_NE(parsed.error().message.find("64KiB, 8MiB, 1GiB"),
              std::string::npos);
  }
}

TEST(UnitsTest, ANumberIsWithinItsLimits) {
  EXPECT_EQ(*ParseNumber("0", 0, 9), 0u);
  EXPECT_EQ(*ParseNumber("9", 0, 9), 9u);
  EXPECT_EQ(*ParseNumber("009", 0, 9), 9u);
  const auto beyond = ParseNumber("10", 2, 9);
  ASSERT_FALSE(beyond.ok());
  EXPECT_EQ(beyond.error().message, "it must be a number from 2 to 9");
  EXPECT_FALSE(ParseNumber("1", 2, 9).ok());
}

TEST(UnitsTest, ACountIsAtLeastOne) {
  EXPECT_EQ(*ParseCount("1"), 1u);
  EXPECT_EQ(*ParseCount("18446744073709551615"),
            std::numeric_limits<uint64_t>::max());
  for (const char* const text : {"", "0", "-1", "1k", "18446744073709551616"}) {
    EXPECT_FALSE(ParseCount(text).ok()) << text;
  }
}

}  // namespace
}  // namespace appcache::internal::units_test
