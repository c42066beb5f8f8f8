#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "appcache/cache.h"
#include "tests/support/map_cache.h"

namespace appcache::by_string_test {
namespace {

using std::string_view_literals::operator""sv;

TEST(ByStringTest, AStringNamesTheEntryOfTheKeyWithThatPath) {
  MapCache cache;
  const Key<int> key("user", 7);
  ASSERT_TRUE(cache.Set(key, 1).ok());
  EXPECT_EQ(*cache.GetByStr<int>("user/7"), 1);
  ASSERT_TRUE(cache.SetByStr("user/7", 2).ok());
  EXPECT_EQ(*cache.Get(key), 2);
  ASSERT_TRUE(cache.InvalidateByStr("user/7").ok());
  EXPECT_FALSE(cache.Get(key));
}

TEST(ByStringTest, ThePathIsThePrefixAndTheString) {
  MapCache cache;
  ASSERT_TRUE(cache.SetByStr<std::string>("a", "value").ok());
  EXPECT_EQ(cache.StoredAt("pyappcache/a"), "value");
}

TEST(ByStringTest, AnyBytesAreAValidKey) {
  MapCache cache;
  for (const std::string_view key :
       {""sv, "/"sv, "a\0b"sv, "\xff\xfe"sv, " \r\n"sv}) {
    ASSERT_TRUE(cache.SetByStr("k" + std::string(key), 1).ok());
    ASSERT_TRUE(cache.SetByStr(key, 2).ok());
    EXPECT_EQ(cache.GetByStr<int>(key).value_or(0), 2);
  }
  EXPECT_EQ(cache.size(), 10u);
}

TEST(ByStringTest, LongKeysWork) {
  MapCache cache;
  const std::string key(5000, 'k');
  ASSERT_TRUE(cache.SetByStr(key, 1).ok());
  EXPECT_EQ(*cache.GetByStr<int>(key), 1);
  ASSERT_TRUE(cache.InvalidateByStr(key).ok());
  EXPECT_EQ(cache.size(), 0u);
}

TEST(ByStringTest, AnAbsentKeyIsAMissAndInvalidatingItSucceeds) {
  MapCache cache;
  EXPECT_FALSE(cache.GetByStr<int>("none"));
  EXPECT_FALSE(cache.GetByStr<int>("none").has_error());
  EXPECT_TRUE(cache.InvalidateByStr("none").ok());
}

TEST(ByStringTest, ReadingAValueAsAnotherTypeIsCorrupt) {
  MapCache cache;
  ASSERT_TRUE(cache.SetByStr<std::string>("a", "seven").ok());
  EXPECT_EQ(cache.GetByStr<int>("a").error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(*cache.GetByStr<std::string>("a"), "seven");
}

TEST(ByStringTest, ErrorsOfTheBackendAreReturned) {
  using Operation = MapCache::Operation;
  const Status down(ErrorCode::kUnavailable, "down", 111);
  MapCache cache;
  cache.set_hook(Failing(Operation::kGet, down));
  EXPECT_EQ(cache.GetByStr<int>("a").error().native_code, 111);
  cache.set_hook(Failing(Operation::kSet, down));
  EXPECT_EQ(cache.SetByStr("a", 1).error().native_code, 111);
  cache.set_hook(Failing(Operation::kInvalidate, down));
  EXPECT_EQ(cache.InvalidateByStr("a").error().native_code, 111);
  cache.set_hook(Failing(Operation::kClear, down));
  EXPECT_EQ(cache.Clear().error().native_code, 111);
}

}  // namespace
}  // namespace appcache::by_string_test
