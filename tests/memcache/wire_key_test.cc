// WireKey: every path has a valid key of its own.

#include "adapters/memcache/wire_key.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

namespace appcache::memcache::wire_key_test {
namespace {

using std::string_view_literals::operator""sv;

TEST(WireKeyTest, ValidKeyIsSentUnchanged) {
  for (const std::string& path :
       {std::string("pyappcache/user/7"), std::string("k"),
        std::string(250, 'k'),
        std::string("Gr\xc3\xbc\xc3\x9f"
                    "e\x80\xff"),
        std::string("!\"#$%&'()~"), std::string("appcache-hash:")}) {
    EXPECT_FALSE(WireKey(path).is_hashed());
    EXPECT_EQ(WireKey(path).view(), path);
  }
}

TEST(WireKeyTest, OtherPathsAreHashedToValidKeys) {
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
    EXPECT_TRUE(IsValidKey(key.view()));
    EXPECT_LE(key.view().size(), kMaxKeyBytes);
    EXPECT_TRUE(std::ranges::all_of(
        key.view(), [](char c) { return c > ' ' && c < '\x7f'; }));
    keys.emplace(key.view());
  }
  EXPECT_EQ(keys.size(), paths.size());
}

TEST(WireKeyTest, PathThatLooksLikeAHashIsHashed) {
  const std::string path = "with a blank";
  const WireKey key(path);
  const std::string forged(key.view());
  EXPECT_TRUE(WireKey(forged).is_hashed());
  EXPECT_NE(WireKey(forged).view(), key.view());
}

TEST(WireKeyTest, PathThatTheTextProtocolDoesNotCarryFitsBase64) {
  for (const std::string& path :
       {std::string("a b"), std::string(" "), std::string("a\r\nb"),
        std::string("a\0", 2), std::string("\x7f"), std::string(186, ' '),
        std::string(kHashMarker) + " "}) {
    const WireKey hashed(path);
    ASSERT_TRUE(hashed.FitsBase64());
    const WireKey key = hashed.InBase64();
    EXPECT_TRUE(key.is_base64());
    EXPECT_FALSE(key.is_hashed());
    EXPECT_EQ(key.view(), path);
    std::string sent;
    key.AppendTo(sent);
    EXPECT_TRUE(IsValidKey(sent)) << sent;
    EXPECT_EQ(key.Token().size(), 16u);
  }
}

TEST(WireKeyTest, OtherPathsDoNotFitBase64) {
  for (const std::string& path :
       {std::string(), std::string("k"), std::string(250, 'k'),
        std::string(251, 'k'), std::string(187, ' '), std::string(kHashMarker),
        std::string("Gr\xc3\xbc\xc3\x9f")}) {
    EXPECT_FALSE(WireKey(path).FitsBase64()) << path;
  }
}

TEST(WireKeyTest, TokensOfPathsDiffer) {
  std::set<std::string> tokens;
  for (int i = 0; i < 1000; ++i) {
    const std::string path = "a " + std::to_string(i);
    tokens.insert(WireKey(path).InBase64().Token());
  }
  EXPECT_EQ(tokens.size(), 1000u);
}

// Other versions and programs in other languages depend on it.
TEST(WireKeyTest, FormatIsFixed) {
  const WireKey key("a b"sv);
  EXPECT_EQ(key.view(), "appcache-hash:1:e932d71afddc92588044f8a624582c4c");
}

TEST(WireKeyTest, CopyOwnsItsHash) {
  const std::string path = "a b";
  WireKey key("other path"sv);
  {
    const WireKey original(path);
    key = original;
  }
  EXPECT_EQ(key.view(), WireKey(path).view());
}

}  // namespace
}  // namespace appcache::memcache::wire_key_test
