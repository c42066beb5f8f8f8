#include "tools/command/text.h"

#include <gtest/gtest.h>

namespace appcache::command {
namespace {

using namespace std::string_literals;

TEST(TextTest, OnlyWellFormedUtf8IsUtf8) {
  EXPECT_TRUE(IsUtf8(""));
  EXPECT_TRUE(IsUtf8("plain\n\0text"s));
  EXPECT_TRUE(IsUtf8("\u00e9\u20ac\U0001F600"));
  EXPECT_TRUE(IsUtf8("\xf4\x8f\xbf\xbf"));  // U+10FFFF
  for (const char* const bytes :
       {"\x80", "\xff", "\xc3", "\xe2\x82", "\xc0\x80", "\xc1\xbf",
        "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80",
        "\xc3(", "\xf8\x88\x80\x80\x80"}) {
    EXPECT_FALSE(IsUtf8(bytes)) << bytes;
  }
}

TEST(TextTest, ControlCharactersAreEscaped) {
  EXPECT_EQ(Escape("plain / text"), "plain / text");
  EXPECT_EQ(Escape("a\nb\tc\rd"), "a\\nb\\tc\\rd");
  EXPECT_EQ(Escape("\x1b[31m\x7f\0"s), "\\x1b[31m\\x7f\\x00");
  EXPECT_EQ(Escape("\u009b"), "\\xc2\\x9b");  // equivalent to ESC [
}

TEST(TextTest, BackslashesAreEscaped) { EXPECT_EQ(Escape("\\n"), "\\\\n"); }

TEST(TextTest, BytesThatAreNotUtf8AreEscaped) {
  EXPECT_EQ(Escape("\u00e9\xff\u20ac\xe2\x82"), "\u00e9\\xff\u20ac\\xe2\\x82");
}

TEST(TextTest, QuotedTextIsEscaped) { EXPECT_EQ(Quoted("a\nb"), "\"a\\nb\""); }

TEST(TextTest, TextIsShortenedByCharacters) {
  EXPECT_EQ(Shorten("h\u00e9llo", 5), "h\u00e9llo");
  EXPECT_EQ(Shorten("h\u00e9llo!", 3), "h\u00e9\u2026");
  EXPECT_EQ(Shorten("abc", 1), "\u2026");
  EXPECT_EQ(Shorten("abc", 0), "");
  EXPECT_EQ(CharacterCount("h\u00e9\u20ac"), 3u);
}

// The vectors of RFC 4648.
TEST(TextTest, Base64IsPadded) {
  EXPECT_EQ(Base64(""), "");
  EXPECT_EQ(Base64("f"), "Zg==");
  EXPECT_EQ(Base64("fo"), "Zm8=");
  EXPECT_EQ(Base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(Base64("\xff\xfe\xfd"), "//79");
}

}  // namespace
}  // namespace appcache::command
