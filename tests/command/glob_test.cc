#include "tools/command/text/glob.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace appcache::command::glob_test {
namespace {

using namespace std::string_view_literals;

bool Matches(std::string_view pattern, std::string_view text) {
  const Result<Glob> glob = Glob::Parse(pattern);
  EXPECT_TRUE(glob.ok()) << pattern << ": " << glob.status().ToString();
  return glob.ok() && glob->Matches(text);
}

TEST(GlobTest, TextMatchesItself) {
  EXPECT_TRUE(Matches("user/7", "user/7"));
  EXPECT_FALSE(Matches("user/7", "user/70"));
  EXPECT_FALSE(Matches("user/7", "user/"));
  EXPECT_FALSE(Matches("user/7", "USER/7"));
  EXPECT_TRUE(Matches("", ""));
  EXPECT_FALSE(Matches("", "a"));
}

TEST(GlobTest, AStarMatchesAnyTextWithSlashes) {
  EXPECT_TRUE(Matches("*", ""));
  EXPECT_TRUE(Matches("*", "a/b\n\xff"));
  EXPECT_TRUE(Matches("user/*/name", "user/7/8/name"));
  EXPECT_FALSE(Matches("user/*/name", "user/name"));
  EXPECT_TRUE(Matches("a*b*c", "a-b-b-c"));
  EXPECT_FALSE(Matches("a*b*c", "a-c-b"));
  EXPECT_TRUE(Matches("**a**", "a"));
  EXPECT_TRUE(Matches("*ab", "aab"));
}

TEST(GlobTest, AQuestionMarkMatchesOneCharacterOrStrayByte) {
  EXPECT_TRUE(Matches("?", "a"));
  EXPECT_TRUE(Matches("?", "\u00e4"));
  EXPECT_TRUE(Matches("?", "\U0001F600"));
  EXPECT_TRUE(Matches("?", "\xff"));
  EXPECT_TRUE(Matches("?", "\0"sv));
  EXPECT_FALSE(Matches("?", ""));
  EXPECT_FALSE(Matches("?", "ab"));
}

TEST(GlobTest, ASetMatchesItsCharactersAndRanges) {
  EXPECT_TRUE(Matches("[abc]", "b"));
  EXPECT_FALSE(Matches("[abc]", "d"));
  EXPECT_TRUE(Matches("k[0-9][a-f]", "k7c"));
  EXPECT_FALSE(Matches("k[0-9][a-f]", "k7g"));
  EXPECT_TRUE(Matches("[!0-9]", "a"));
  EXPECT_TRUE(Matches("[^0-9]", "a"));
  EXPECT_FALSE(Matches("[!0-9]", "5"));
  EXPECT_FALSE(Matches("[!0-9]", ""));
  EXPECT_TRUE(Matches("[\u00e0-\u00ff]", "\u00e4"));
  EXPECT_TRUE(Matches("[a-]", "-"));
  EXPECT_TRUE(Matches("[\\]]", "]"));
}

TEST(GlobTest, ABackslashTakesAwayTheMeaning) {
  EXPECT_TRUE(Matches("\\*", "*"));
  EXPECT_FALSE(Matches("\\*", "a"));
  EXPECT_TRUE(Matches("\\\\\\?\\[\\a", "\\?[a"));
}

TEST(GlobTest, InvalidPatternsAreRefused) {
  for (const char* const pattern :
       {"[", "a[b", "[]", "[!]", "[z-a]", "\\", "a\\", "[\\", "[a-", "[a-\\"}) {
    EXPECT_TRUE(Glob::Parse(pattern).status().Is(ErrorCode::kInvalidArgument))
        << pattern;
  }
}

TEST(GlobTest, TheLiteralPrefixEndsAtTheFirstWildcard) {
  EXPECT_EQ(Glob::Parse("user/7")->literal_prefix(), "user/7");
  EXPECT_EQ(Glob::Parse("user/*/name")->literal_prefix(), "user/");
  EXPECT_EQ(Glob::Parse("a\\*b?")->literal_prefix(), "a*b");
  EXPECT_EQ(Glob::Parse("\u00e4\xff[a]")->literal_prefix(), "\u00e4\xff");
  EXPECT_EQ(Glob::Parse("*")->literal_prefix(), "");
}

TEST(GlobTest, EscapedTextMatchesOnlyItself) {
  const std::string text("*?[a]\\ \0\xff\n", 9);
  EXPECT_TRUE(Matches(Glob::Escape(text), text));
  EXPECT_EQ(Glob::Parse(Glob::Escape(text))->literal_prefix(), text);
}

// Exponential backtracking would not end.
TEST(GlobTest, ManyStarsAreFast) {
  std::string pattern;
  for (int i = 0; i < 50; ++i) pattern += "*a";
  EXPECT_FALSE(Matches(pattern + "b", std::string(10'000, 'a')));
}

}  // namespace
}  // namespace appcache::command::glob_test
