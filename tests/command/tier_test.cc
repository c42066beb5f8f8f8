// What --cache says of a tier, and that a tier is no way around what holds for
// the cache behind it.

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/command/command.h"

namespace appcache::command {
namespace {

using Json = nlohmann::json;

class TierTest : public CommandTest {
 protected:
  // `words` with --cache and a tier of memory before `remote`.
  Output RunOn(const std::string& remote, Words words) {
    words.insert(words.begin() + 1, {"--cache", "tiered:memory:app|" + remote});
    return Run(words);
  }
};

bool Tells(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_F(TierTest, OneThatKeepsNothingIsRefused) {
  const Output output = RunOn("memory:other", {"get", "key"});
  EXPECT_EQ(output.status, 2);
  EXPECT_TRUE(Tells(output.err, "gone when the command ends")) << output.err;
}

TEST_F(TierTest, AFileBehindItIsMadeOnlyByWhatWrites) {
  for (const std::string remote : {"sqlite:far.db", "lmdb:far"}) {
    const std::string path = remote.substr(remote.find(':') + 1);
    const Output output = RunOn(remote, {"get", "key"});
    EXPECT_EQ(output.status, 3);
    EXPECT_TRUE(Tells(output.err, "there is no cache at " + path + ";"))
        << output.err;
    EXPECT_FALSE(std::filesystem::exists(Path(path)));
    EXPECT_EQ(RunOn(remote, {"set", "key", "value"}).status, 0);
    EXPECT_EQ(RunOn(remote, {"get", "key"}).out, "value");
  }
}

TEST_F(TierTest, NothingIsEvictedBehindItUnlessTheUriSaysSo) {
  RunOn("sqlite:far.db", {"set", "key", "value"});
  const auto limit = [&](const std::string& remote) {
    return Json::parse(
        RunOn(remote, {"ping", "--json"}).out)["limits"]["max_entries"];
  };
  EXPECT_EQ(limit("sqlite:far.db"), "none");
  EXPECT_EQ(limit("sqlite:far.db?max_entries=7"), "7");
}

TEST_F(TierTest, WhatOnlyAFileCanDoIsToldSo) {
  RunOn("sqlite:far.db", {"set", "key", "value"});
  const Output keys = RunOn("sqlite:far.db", {"keys"});
  EXPECT_EQ(keys.status, 3);
  EXPECT_TRUE(Tells(keys.err, "a tier cannot list its entries")) << keys.err;
  const Output limited =
      RunOn("sqlite:far.db", {"set", "--max-entries", "3", "key", "value"});
  EXPECT_EQ(limited.status, 2);
  EXPECT_TRUE(Tells(limited.err, "a tier has no such limit")) << limited.err;
}

}  // namespace
}  // namespace appcache::command
