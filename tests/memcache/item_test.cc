// Items: the header says which path an item belongs to.

#include "adapters/memcache/item.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "adapters/memcache/wire_key.h"

namespace appcache::memcache::item_test {
namespace {

using std::string_literals::operator""s;
using std::string_view_literals::operator""sv;

TEST(ItemTest, KeyThatIsThePathHasNoHeader) {
  for (const std::string& path :
       {"pyappcache/user/7"s, "k"s, std::string(250, 'k'),
        "Gr\xc3\xbc\xc3\x9f\x80\xff"s, "!\"#$%&'()~"s, "appcache-hash:"s}) {
    EXPECT_EQ(HeaderOf(WireKey(path)), "");
  }
}

// Other versions and programs in other languages depend on it.
TEST(ItemTest, FormatIsFixed) {
  EXPECT_EQ(HeaderOf(WireKey("a b"sv)), "apk1\3\0\0\0a b"sv);
  const std::string path(0x1'0203, 'k');
  EXPECT_EQ(HeaderOf(WireKey(path)), "apk1\3\2\1\0"s + path);
}

TEST(ItemTest, ValueFollowsTheHeader) {
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

TEST(ItemTest, ItemOfAnotherPathIsDetected) {
  const std::string stored = HeaderOf(WireKey("a b"sv)) + "value";
  std::string_view found;
  EXPECT_EQ(ValueIn(stored, WireKey("a c"sv), found), Stored::kOther);
  EXPECT_EQ(ValueIn(stored, WireKey("a b "sv), found), Stored::kOther);
  EXPECT_EQ(ValueIn(stored, WireKey(""sv), found), Stored::kOther);
}

TEST(ItemTest, ItemWithoutAValidHeaderIsForeign) {
  std::string_view found;
  for (const std::string_view stored :
       {""sv, "apk1"sv, "apk1\0\0\0"sv, "apk2\3\0\0\0a b"sv,
        "apk1\4\0\0\0a b"sv, "apk1\377\377\377\377a b"sv, "some value"sv}) {
    EXPECT_EQ(ValueIn(stored, WireKey("a b"sv), found), Stored::kForeign);
  }
}

}  // namespace
}  // namespace appcache::memcache::item_test
