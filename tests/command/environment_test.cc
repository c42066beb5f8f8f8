// APPCACHE_CACHE, which replaces --cache.

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "tests/command/command.h"

namespace appcache::command::environment_test {
namespace {

class EnvironmentTest : public CommandTest {
 protected:
  // Sets it for the following commands. CommandTest unsets it.
  static void SetCache(const std::string& uri) {
    setenv("APPCACHE_CACHE", uri.c_str(), 1);
  }
  ~EnvironmentTest() override { unsetenv("APPCACHE_CACHE"); }
};

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_F(EnvironmentTest, NamesTheCacheWithoutACacheOption) {
  SetCache("sqlite:named.db");
  EXPECT_EQ(Run({"set", "key", "named"}).status, 0);
  EXPECT_EQ(Run({"get", "key", "--cache", "named.db"}).out, "named");
  EXPECT_EQ(Run({"set", "key", "other", "--cache", "other.db"}).status, 0);
  EXPECT_EQ(Run({"get", "key"}).out, "named");
  EXPECT_FALSE(std::filesystem::exists(Path("xdg")));
}

TEST_F(EnvironmentTest, AnEmptyValueIsIgnored) {
  SetCache("");
  EXPECT_EQ(Run({"set", "key", "own"}).status, 0);
  EXPECT_TRUE(std::filesystem::exists(Path("xdg/appcache/cache.db")));
}

TEST_F(EnvironmentTest, IsUsedByExecButNotByReplay) {
  SetCache("runs.db");
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Exec("echo run >> log; echo out").out, "out\n");
  }
  EXPECT_EQ(CountLines("log"), 1u);
  EXPECT_TRUE(std::filesystem::exists(Path("runs.db")));
  const Output replay = RunWithInput({"replay", "-", "--max-entries=3"}, "a\n");
  EXPECT_EQ(replay.status, 0) << replay.err;
}

TEST_F(EnvironmentTest, AnErrorNamesTheVariableAndHidesItsValue) {
  for (const char* const uri : {"http://secret", "redis://ada:secret@"}) {
    SetCache(uri);
    for (const Words& words :
         {Words{"get", "key"}, Words{"stats"}, Words{"ping"},
          Words{"exec", "--", "echo", "out"}}) {
      const Output output = Run(words);
      EXPECT_EQ(output.status, 2) << words[0];
      EXPECT_EQ(output.out, "") << words[0];
      EXPECT_EQ(output.err.find("appcache: APPCACHE_CACHE: "), 0u)
          << output.err;
      EXPECT_FALSE(Contains(output.err, "secret")) << output.err;
    }
  }
}

TEST_F(EnvironmentTest, IsNamedWhenTheCacheIsMissing) {
  SetCache("nope.db");
  const Output output = Run({"get", "key"});
  EXPECT_EQ(output.status, 3);
  EXPECT_TRUE(
      Contains(output.err, "no cache at \"nope.db\"; check APPCACHE_CACHE, "))
      << output.err;
}

TEST_F(EnvironmentTest, HelpMentionsIt) {
  EXPECT_TRUE(Contains(Run({"--help"}).out, "APPCACHE_CACHE"));
  EXPECT_TRUE(Contains(Run({"get", "--help"}).out, "$APPCACHE_CACHE"));
}

}  // namespace
}  // namespace appcache::command::environment_test
