// The commands on an LMDB cache.

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/command/command.h"

namespace appcache::command::lmdb_test {
namespace {

using Json = nlohmann::json;

class LmdbTest : public CommandTest {
 protected:
  // Runs `words` with --cache and the directory inserted after the command.
  Output RunOn(const std::string& directory, Words words) {
    words.insert(words.begin() + 1, {"--cache", "lmdb:" + directory});
    return Run(words);
  }
};

TEST_F(LmdbTest, ReadingCommandsDoNotCreateACache) {
  std::filesystem::create_directory(Path("home"));
  for (const std::string directory : {"home", "home/nope"}) {
    for (const Words& words :
         {Words{"get", "key"}, Words{"ttl", "key"}, Words{"del", "key"},
          Words{"ping"}, Words{"stats"}, Words{"clear", "--yes"}}) {
      const Output output = RunOn(directory, words);
      EXPECT_EQ(output.status, 3) << words[0];
      EXPECT_EQ(output.out, "") << words[0];
      EXPECT_NE(output.err.find("there is no cache at \"" + directory + "\";"),
                std::string::npos)
          << output.err;
    }
  }
  EXPECT_TRUE(std::filesystem::is_empty(Path("home")));
}

TEST_F(LmdbTest, SetCreatesACacheInAnExistingDirectory) {
  std::filesystem::create_directory(Path("home"));
  EXPECT_EQ(RunOn("home", {"set", "key", "value"}).status, 0);
  EXPECT_EQ(RunOn("home/", {"get", "key"}).out, "value");
}

// A service may have opened it with more than LmdbCache's default. A set with
// the default would evict, and reject a value of more than 32 MiB.
TEST_F(LmdbTest, WithoutALimitItIsOpenedWithItsCurrentSize) {
  const auto limit = [&](const std::string& directory) {
    return Json::parse(
        RunOn(directory, {"ping", "--json"}).out)["limits"]["max_bytes"];
  };
  RunOn("app", {"set", "--max-bytes", "3GiB", "key", "value"});
  EXPECT_EQ(limit("app"), std::to_string(uint64_t{3} << 30));
  RunOn("app", {"set", "other", "value"});
  EXPECT_EQ(limit("app/"), std::to_string(uint64_t{3} << 30));
  EXPECT_EQ(limit("app?max_bytes=2GiB"), std::to_string(uint64_t{2} << 30));
  EXPECT_EQ(limit("app"), std::to_string(uint64_t{3} << 30));
  RunOn("small?max_bytes=2MiB", {"set", "key", "value"});
  EXPECT_EQ(limit("small"), std::to_string(uint64_t{1} << 30));
}

TEST_F(LmdbTest, CommandsForSqliteFilesAreRefused) {
  RunOn("app", {"set", "key", "value"});
  const Output output = RunOn("app", {"check"});
  EXPECT_EQ(output.status, 3);
  EXPECT_NE(output.err.find("an LMDB cache cannot be verified; "),
            std::string::npos)
      << output.err;
}

TEST_F(LmdbTest, TopCannotSortByAnUnknownAccess) {
  RunOn("app", {"set", "key", "value"});
  for (const char* const order : {"age", "use"}) {
    const Output output = RunOn("app", {"top", "--by", order});
    EXPECT_EQ(output.status, 3);
    EXPECT_NE(output.err.find("use --by size"), std::string::npos)
        << output.err;
  }
}

TEST_F(LmdbTest, ADumpDoesNotReplaceAFileOfTheCache) {
  RunOn("app", {"set", "key", "value"});
  for (const char* const file :
       {"app/data.mdb", "./app/lock.mdb", "app/appcache.lane"}) {
    const Output output = RunOn("app", {"dump", file});
    EXPECT_EQ(output.status, 2) << file;
    EXPECT_NE(output.err.find("it is a file of the cache"), std::string::npos)
        << output.err;
  }
  EXPECT_EQ(RunOn("app", {"get", "key"}).out, "value");
}

TEST_F(LmdbTest, ALimitInTheUriAndAnOptionIsAnError) {
  const Output output = RunOn("app?max_bytes=2GiB",
                              {"set", "--max-bytes", "3GiB", "key", "value"});
  EXPECT_EQ(output.status, 2);
  EXPECT_NE(output.err.find("remove one of the two"), std::string::npos);
}

}  // namespace
}  // namespace appcache::command::lmdb_test
