#include "tools/command/text/text.h"

#include <gtest/gtest.h>

namespace appcache::command::text_test {
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
  EXPECT_EQ(Escape("\u009b"), "\\u009b");  // equivalent to ESC [
}

TEST(TextTest, CharactersThatCannotBeSeenAreEscaped) {
  EXPECT_EQ(Escape("a\u202eb\u2066c"), "a\\u202eb\\u2066c");  // directions
  EXPECT_EQ(Escape("a\u200bb\ufeff\u00ad"), "a\\u200bb\\ufeff\\u00ad");
  EXPECT_EQ(Escape("\u200d\ufe0f\u2028"), "\\u200d\\ufe0f\\u2028");
  EXPECT_EQ(Escape("\U000e0041"), "\\U000e0041");
  EXPECT_EQ(Escape("e\u0301 \u4e2d \U0001F600"), "e\u0301 \u4e2d \U0001F600");
}

TEST(TextTest, PrintableTextKeepsBackslashesAndPrintableLinesKeepBreaks) {
  EXPECT_EQ(Printable("a\\x1b\x1b\n"), "a\\x1b\\x1b\\n");
  EXPECT_EQ(PrintableLines("a\x1b\nb\u202e\n"), "a\\x1b\nb\\u202e\n");
}

TEST(TextTest, PrintableJsonHasTheSameValue) {
  EXPECT_EQ(PrintableJson("{\n\"a\x7f\u202e\": \"\U000e0041\"}"),
            "{\n\"a\\u007f\\u202e\": \"\\udb40\\udc41\"}");
}

TEST(TextTest, AUriIsQuotedUpToItsScheme) {
  for (const char* const word :
       {"redis://:pw@h", "redis://ada:p w@h", "redis://h?x=pw"}) {
    EXPECT_EQ(Quoted(word), "\"redis://...\"") << word;
  }
  EXPECT_EQ(Quoted("tiered:memory:x|redis://:pw@h"),
            "\"tiered:memory:x|redis://...\"");
  EXPECT_EQ(Quoted("ada:pw@h"), "\"ada:...\"");
  EXPECT_EQ(Quoted("./a:b"), "\"./a:b\"");
  EXPECT_EQ(Quoted("a@b"), "\"a@b\"");
}

TEST(TextTest, CredentialsOfAUriInAMessageAreHidden) {
  EXPECT_EQ(HideCredentials("cannot use redis://ada:p@w@h/0, or \"x://y:z@\""),
            "cannot use redis://...@h/0, or \"x://...@\"");
  const std::string form = "write redis://USER:PASSWORD@HOST, see http://h a@b";
  EXPECT_EQ(HideCredentials(form), form);
}

TEST(TextTest, BackslashesAreEscaped) { EXPECT_EQ(Escape("\\n"), "\\\\n"); }

TEST(TextTest, BytesThatAreNotUtf8AreEscaped) {
  EXPECT_EQ(Escape("\u00e9\xff\u20ac\xe2\x82"), "\u00e9\\xff\u20ac\\xe2\\x82");
}

TEST(TextTest, QuotedTextIsEscaped) { EXPECT_EQ(Quoted("a\nb"), "\"a\\nb\""); }

TEST(TextTest, WidthsAreColumnsOfATerminal) {
  EXPECT_EQ(DisplayWidth("h\u00e9\u20ac"), 3u);
  EXPECT_EQ(DisplayWidth("e\u0301"), 1u);
  EXPECT_EQ(DisplayWidth("\u4e2d\u6587\uff21\uac00"), 8u);
  EXPECT_EQ(DisplayWidth("\U0001F600"), 2u);
  EXPECT_EQ(DisplayWidth("\u0378"), 1u);  // unassigned
}

TEST(TextTest, TextIsShortenedByColumns) {
  EXPECT_EQ(Shorten("h\u00e9llo", 5), "h\u00e9llo");
  EXPECT_EQ(Shorten("h\u00e9llo!", 3), "h\u00e9\u2026");
  EXPECT_EQ(Shorten("abc", 1), "\u2026");
  EXPECT_EQ(Shorten("abc", 0), "");
  EXPECT_EQ(Shorten("\u4e2d\u6587\u4e2d", 6), "\u4e2d\u6587\u4e2d");
  EXPECT_EQ(Shorten("\u4e2d\u6587\u4e2d", 5), "\u4e2d\u6587\u2026");
  EXPECT_EQ(Shorten("\u4e2d\u6587\u4e2d", 4), "\u4e2d\u2026");
  EXPECT_EQ(Shorten("e\u0301abc", 2), "e\u0301\u2026");
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
}  // namespace appcache::command::text_test
