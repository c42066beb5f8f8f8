// WireKey and items: every path has a key of its own, and every item says whose
// it is.

#include "adapters/memcache/item.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <string>
#include <string_view>

#include "adapters/memcache/wire_key.h"

namespace appcache::memcache {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::string_view_literals::operator""sv;

constexpr auto kNow = TimePoint(seconds(1'800'000'000));

TEST(WireKeyTest, APathThatIsAKeyGoesAsItIs) {
  for (const std::string& path :
       {std::string("pyappcache/user/7"), std::string("k"),
        std::string(250, 'k'),
        std::string("Gr\xc3\xbc\xc3\x9f"
                    "e\x80\xff"),
        std::string("!\"#$%&'()~"), std::string("appcache-hash:")}) {
    EXPECT_FALSE(WireKey(path).is_hashed());
    EXPECT_EQ(WireKey(path).view(), path);
    EXPECT_EQ(HeaderOf(WireKey(path)), "");
  }
}

TEST(WireKeyTest, AnyOtherIsHashedIntoAKey) {
  std::set<std::string> keys;
  const auto paths = {
      std::string(),         std::string("a b"),      std::string("a\r\nb"),
      std::string("a\0", 2), std::string("a\x7f"),    std::string("a\t"),
      std::string(" "),      std::string(251, 'k'),   std::string(252, 'k'),
      std::string("\n"),     std::string(kHashMarker)};
  for (const std::string& path : paths) {
    const WireKey key(path);
    EXPECT_TRUE(key.is_hashed());
    EXPECT_TRUE(key.view().starts_with(kHashMarker));
    EXPECT_LE(key.view().size(), kMaxKeyBytes);
    EXPECT_TRUE(std::ranges::all_of(
        key.view(), [](char c) { return c > ' ' && c < '\x7f'; }));
    keys.emplace(key.view());
  }
  EXPECT_EQ(keys.size(), paths.size());
}

TEST(WireKeyTest, WhatLooksLikeAHashIsHashedItself) {
  const std::string path = "with a blank";
  const WireKey key(path);
  const std::string forged(key.view());
  EXPECT_TRUE(WireKey(forged).is_hashed());
  EXPECT_NE(WireKey(forged).view(), key.view());
}

// Other versions, and programs in other languages, go by these.
TEST(WireKeyTest, TheFormatIsFixed) {
  const WireKey key("a b"sv);
  EXPECT_EQ(key.view(), "appcache-hash:1:e932d71afddc92588044f8a624582c4c");
  EXPECT_EQ(HeaderOf(key), "apk1\3\0\0\0a b"sv);
}

TEST(WireKeyTest, ACopyStandsOnItsOwn) {
  const std::string path = "a b";
  WireKey key("other path"sv);
  {
    const WireKey original(path);
    key = original;
  }
  EXPECT_EQ(key.view(), WireKey(path).view());
}

TEST(ItemTest, TheValueIsBehindTheHeaderOfItsPath) {
  for (const std::string& path :
       {std::string(), std::string("a b"), std::string(100'000, 'k')}) {
    const WireKey key(path);
    for (const std::string_view value : {""sv, "v"sv, "apk1\0\0\0\0"sv}) {
      const std::string stored = HeaderOf(key) + std::string(value);
      std::string_view found;
      ASSERT_EQ(ValueIn(stored, key, found), Stored::kValue);
      EXPECT_EQ(found, value);
    }
  }
}

TEST(ItemTest, AnItemOfAnotherPathIsNotTaken) {
  const std::string stored = HeaderOf(WireKey("a b"sv)) + "value";
  std::string_view found;
  EXPECT_EQ(ValueIn(stored, WireKey("a c"sv), found), Stored::kOther);
  EXPECT_EQ(ValueIn(stored, WireKey("a b "sv), found), Stored::kOther);
  EXPECT_EQ(ValueIn(stored, WireKey(""sv), found), Stored::kOther);
}

TEST(ItemTest, WhatHasNoHeaderIsForeign) {
  std::string_view found;
  for (const std::string_view stored :
       {""sv, "apk1"sv, "apk1\0\0\0"sv, "apk2\3\0\0\0a b"sv,
        "apk1\4\0\0\0a b"sv, "apk1\377\377\377\377a b"sv, "some value"sv}) {
    EXPECT_EQ(ValueIn(stored, WireKey("a b"sv), found), Stored::kForeign);
  }
}

TEST(ExpTimeTest, IsNeverShorterThanAsked) {
  EXPECT_EQ(ExpTime(kNoTtl, kNow), 0);
  EXPECT_EQ(ExpTime(milliseconds(1), kNow), 2);
  EXPECT_EQ(ExpTime(seconds(1), kNow), 2);
  EXPECT_EQ(ExpTime(milliseconds(1001), kNow), 3);
}

TEST(ExpTimeTest, BeyondThirtyDaysIsATimeOfDay) {
  constexpr seconds kThirtyDays = hours(24 * 30);
  EXPECT_EQ(ExpTime(kThirtyDays - seconds(1), kNow), 2'592'000);
  EXPECT_EQ(ExpTime(kThirtyDays, kNow), 1'800'000'000 + 2'592'001);
  EXPECT_EQ(ExpTime(kThirtyDays, kNow + milliseconds(999)),
            1'800'000'000 + 2'592'001);
}

TEST(ExpTimeTest, BeyondWhatMemcachedKnowsNeverEnds) {
  constexpr seconds kLeft(2'147'483'647 - 1'800'000'000);
  EXPECT_EQ(ExpTime(kLeft - seconds(1), kNow), 2'147'483'647);
  EXPECT_EQ(ExpTime(kLeft, kNow), 0);
  EXPECT_EQ(ExpTime(kMaxTtl, kNow), 0);
}

TEST(LeftOfTest, IsWithoutTheSecondThatWasAdded) {
  EXPECT_EQ(LeftOf(-1), kNoTtl);
  EXPECT_EQ(LeftOf(61), seconds(60));
  EXPECT_EQ(LeftOf(2), seconds(1));
  // It has not ended, and zero would say that it never does.
  EXPECT_EQ(LeftOf(1), milliseconds(1));
  EXPECT_EQ(LeftOf(0), milliseconds(1));
}

}  // namespace
}  // namespace appcache::memcache
