// The commands on a cache in an LMDB directory.

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/command/command.h"

namespace appcache::command {
namespace {

class LmdbTest : public CommandTest {
 protected:
  // `words` with --cache and the directory behind the command.
  Output RunOn(const std::string& directory, Words words) {
    words.insert(words.begin() + 1, {"--cache", "lmdb:" + directory});
    return Run(words);
  }
};

TEST_F(LmdbTest, WhatDoesNotWriteMakesNoCacheInADirectory) {
  std::filesystem::create_directory(Path("home"));
  for (const std::string directory : {"home", "home/nope"}) {
    for (const Words& words :
         {Words{"get", "key"}, Words{"ttl", "key"}, Words{"del", "key"},
          Words{"ping"}, Words{"stats"}, Words{"clear", "--yes"}}) {
      const Output output = RunOn(directory, words);
      EXPECT_EQ(output.status, 3) << words[0];
      EXPECT_EQ(output.out, "") << words[0];
      EXPECT_NE(output.err.find("there is no cache at " + directory + ";"),
                std::string::npos)
          << output.err;
    }
  }
  EXPECT_TRUE(std::filesystem::is_empty(Path("home")));
}

TEST_F(LmdbTest, WhatWritesMakesOneInADirectoryThatIsThere) {
  std::filesystem::create_directory(Path("home"));
  EXPECT_EQ(RunOn("home", {"set", "key", "value"}).status, 0);
  EXPECT_EQ(RunOn("home/", {"get", "key"}).out, "value");
}

}  // namespace
}  // namespace appcache::command
