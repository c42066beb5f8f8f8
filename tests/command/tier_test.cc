// The commands on a tier. The rules for a cache also hold for one behind a
// tier.

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/command/command.h"

namespace appcache::command::tier_test {
namespace {

using Json = nlohmann::json;

class TierTest : public CommandTest {
 protected:
  // Runs `words` with a tier: memory in front of `remote`.
  Output RunOn(const std::string& remote, Words words) {
    words.insert(words.begin() + 1, {"--cache", "tiered:memory:app|" + remote});
    return Run(words);
  }
};

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_F(TierTest, AnInMemoryRemoteIsAnError) {
  const Output output = RunOn("memory:other", {"get", "key"});
  EXPECT_EQ(output.status, 2);
  EXPECT_TRUE(Contains(output.err, "lost when the command exits"))
      << output.err;
}

TEST_F(TierTest, OnlyWritingCommandsCreateTheFileBehindIt) {
  for (const std::string remote : {"sqlite:far.db", "lmdb:far"}) {
    const std::string path = remote.substr(remote.find(':') + 1);
    const Output output = RunOn(remote, {"get", "key"});
    EXPECT_EQ(output.status, 3);
    EXPECT_TRUE(Contains(output.err, "there is no cache at \"" + path + "\";"))
        << output.err;
    EXPECT_FALSE(std::filesystem::exists(Path(path)));
    EXPECT_EQ(RunOn(remote, {"set", "key", "value"}).status, 0);
    EXPECT_EQ(RunOn(remote, {"get", "key"}).out, "value");
  }
}

TEST_F(TierTest, TheFileBehindItHasNoLimitUnlessTheUriSetsOne) {
  RunOn("sqlite:far.db", {"set", "key", "value"});
  const auto limit = [&](const std::string& remote) {
    return Json::parse(
        RunOn(remote, {"ping", "--json"}).out)["limits"]["max_entries"];
  };
  EXPECT_EQ(limit("sqlite:far.db"), "none");
  EXPECT_EQ(limit("sqlite:far.db?max_entries=7"), "7");
}

TEST_F(TierTest, CommandsForSqliteFilesAreRefused) {
  RunOn("sqlite:far.db", {"set", "key", "value"});
  const Output check = RunOn("sqlite:far.db", {"check"});
  EXPECT_EQ(check.status, 3);
  EXPECT_TRUE(Contains(check.err, "a tier cannot be verified")) << check.err;
  const Output limited =
      RunOn("sqlite:far.db", {"set", "--max-entries", "3", "key", "value"});
  EXPECT_EQ(limited.status, 2);
  EXPECT_TRUE(Contains(limited.err, "a tier has no such limit")) << limited.err;
}

}  // namespace
}  // namespace appcache::command::tier_test
