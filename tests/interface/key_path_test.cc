// The expected paths are those of "/".join([prefix, *segments]) in Python.

#include "appcache/key_path.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/random.h"

namespace appcache::key_path_test {
namespace {

using std::string_view_literals::operator""sv;

TEST(KeyPathTest, IsInitiallyEmpty) { EXPECT_EQ(KeyPath().view(), ""); }

TEST(KeyPathTest, JoinsSegmentsWithSlashes) {
  EXPECT_EQ(KeyPath("pyappcache").Segment("user").Segment("7").view(),
            "pyappcache/user/7");
}

TEST(KeyPathTest, EscapesNothing) {
  EXPECT_EQ(KeyPath("p").Segment("a/b").Segment("%2F \n\0\xc3\xa9"sv).view(),
            "p/a/b/%2F \n\0\xc3\xa9"sv);
}

TEST(KeyPathTest, KeepsEmptySegments) {
  EXPECT_EQ(KeyPath("").view(), "");
  EXPECT_EQ(KeyPath("").Segment("").view(), "/");
  EXPECT_EQ(KeyPath("").Segment("a").view(), "/a");
  EXPECT_EQ(KeyPath("p").Segment("").Segment("").Segment("a").view(), "p///a");
}

TEST(KeyPathTest, WritesNumbersInDecimal) {
  EXPECT_EQ(KeyPath("p").Segment(0).Segment(-42).Segment(7u).view(),
            "p/0/-42/7");
  EXPECT_EQ(KeyPath()
                .Segment(std::numeric_limits<int64_t>::min())
                .Segment(std::numeric_limits<int64_t>::max())
                .Segment(std::numeric_limits<uint64_t>::max())
                .view(),
            "-9223372036854775808/9223372036854775807/18446744073709551615");
  EXPECT_EQ(KeyPath().Segment(int8_t{-128}).Segment(uint8_t{255}).view(),
            "-128/255");
}

// Python would print a bool or a character in another way than C++.
template <class T>
concept SegmentType = requires(KeyPath& path, T value) {
  path.Segment(value);
};

TEST(KeyPathTest, RefusesTypesWithoutAnObviousText) {
  static_assert(SegmentType<int> && SegmentType<unsigned long long>);
  static_assert(SegmentType<std::string> && SegmentType<const char*>);
  EXPECT_FALSE(SegmentType<bool>);
  EXPECT_FALSE(SegmentType<char>);
  EXPECT_FALSE(SegmentType<wchar_t>);
  EXPECT_FALSE(SegmentType<char32_t>);
  EXPECT_FALSE(SegmentType<double>);
}

TEST(KeyPathTest, LengthsAroundTheInlineSizeWork) {
  for (size_t size = KeyPath::kInlineBytes - 4;
       size <= KeyPath::kInlineBytes + 4; ++size) {
    const std::string segment(size - 2, 'x');
    EXPECT_EQ(KeyPath("p").Segment(segment).view(), "p/" + segment);
    EXPECT_EQ(KeyPath(segment).Segment("s").view(), segment + "/s");
    EXPECT_EQ(KeyPath(segment).Segment("").Segment("after").view(),
              segment + "//after");
  }
}

TEST(KeyPathTest, CopiesAreIndependent) {
  for (const size_t size : {size_t{3}, KeyPath::kInlineBytes + 1}) {
    KeyPath first{std::string(size, 'x')};
    KeyPath second = first;
    second.Segment("more");
    EXPECT_EQ(first.view(), std::string(size, 'x'));
    EXPECT_EQ(second.view(), std::string(size, 'x') + "/more");
  }
}

TEST(KeyPathTest, EqualsAPlainJoinForRandomSegments) {
  RandomSource random;
  for (int round = 0; round < 2000; ++round) {
    KeyPath path;
    std::string expected;
    const uint64_t segments = random.Below(8) + 1;
    for (uint64_t i = 0; i < segments; ++i) {
      const std::string segment = random.String(random.Below(120));
      path.Segment(segment);
      expected += (i == 0 ? "" : "/") + segment;
    }
    ASSERT_EQ(path.view(), expected);
  }
}

}  // namespace
}  // namespace appcache::key_path_test
