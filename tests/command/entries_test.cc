// appcache get, set, del, ttl.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/command/command.h"

namespace appcache::command::entries_test {
namespace {

using Json = nlohmann::json;

class EntriesTest : public CommandTest {};

TEST_F(EntriesTest, GetPrintsTheBytesOfTheValue) {
  EXPECT_EQ(Run({"set", "key", "value"}).status, 0);
  const Output output = Run({"get", "key"});
  EXPECT_EQ(output.status, 0);
  EXPECT_EQ(output.out, "value");
  EXPECT_EQ(output.err, "");
}

TEST_F(EntriesTest, AMissHasStatusOneAndPrintsNothing) {
  const Output output = Run({"get", "key"});
  EXPECT_EQ(output.status, 1);
  EXPECT_EQ(output.out + output.err, "");
}

// Includes words that the parser could misinterpret.
TEST_F(EntriesTest, AnyWordCanBeAKeyAndAValue) {
  for (const char* const word :
       {"", " ", "{}", "[a,b]", "%%", "get", "exec", "a=b", "\"q\"", "a\nb",
        "\xff\xfe", "-", "--", "-x", "--json", "++"}) {
    const std::string value = std::string("value of ") + word;
    EXPECT_EQ(Run({"set", "--", word, value}).status, 0) << word;
    EXPECT_EQ(Run({"get", "--", word}).out, value) << word;
  }
  for (const char* const word : {"{}", "[a,b]", "%%", "get", "a=b", "\xff"}) {
    EXPECT_EQ(Run({"set", word, word}).status, 0) << word;
    EXPECT_EQ(Run({"get", word}).out, word) << word;
  }
}

TEST_F(EntriesTest, AValueCanComeFromStandardInput) {
  const std::string value("any\0bytes\xff\n", 11);
  EXPECT_EQ(RunWithInput({"set", "key", "-"}, value).status, 0);
  EXPECT_EQ(Run({"get", "key"}).out, value);
  EXPECT_EQ(RunWithInput({"set", "key"}, "other").status, 0);
  EXPECT_EQ(Run({"get", "key"}).out, "other");
}

TEST_F(EntriesTest, KeysHaveThePrefix) {
  Run({"set", "key", "1"});
  Run({"set", "--prefix", "other", "key", "2"});
  Run({"set", "--key-path", "key", "3"});
  EXPECT_EQ(Run({"get", "--key-path", "pyappcache/key"}).out, "1");
  EXPECT_EQ(Run({"get", "--key-path", "other/key"}).out, "2");
  EXPECT_EQ(Run({"get", "--prefix", "other", "key"}).out, "2");
  EXPECT_EQ(Run({"get", "--key-path", "key"}).out, "3");
}

TEST_F(EntriesTest, ACompressedValueIsSmallAndReadDecompressed) {
  const std::string value(50'000, 'x');
  ASSERT_EQ(RunWithInput({"set", "--compress", "key", "-"}, value).status, 0);
  EXPECT_EQ(Run({"get", "key"}).out, value);
  const Json stats = Json::parse(Run({"stats", "--json"}).out);
  EXPECT_LT(stats["bytes"], 1000);
}

TEST_F(EntriesTest, TtlPrintsSecondsOrNever) {
  Run({"set", "--ttl", "1h", "short", "value"});
  Run({"set", "long", "value"});
  const double seconds = std::stod(Run({"ttl", "short"}).out);
  EXPECT_GT(seconds, 3000);
  EXPECT_LE(seconds, 3600);
  EXPECT_EQ(Run({"ttl", "long"}).out, "never\n");
  EXPECT_EQ(Run({"ttl", "missing"}).status, 1);
}

TEST_F(EntriesTest, DelPrintsTheNumberOfRemovedEntries) {
  Run({"set", "[a,b]", "value"});
  Run({"set", "c", "value"});
  const Output output = Run({"del", "[a,b]", "c", "missing"});
  EXPECT_EQ(output.status, 0);
  EXPECT_EQ(output.out, "2 removed\n");
  EXPECT_EQ(Run({"get", "c"}).status, 1);
  EXPECT_EQ(Run({"del", "c"}).status, 0);
}

TEST_F(EntriesTest, ReportsAreValidJsonForAnyBytes) {
  const Output set = Run({"set", "--json", "--ttl", "1h", "k", "v\xff"});
  EXPECT_EQ(Json::parse(set.out)["stored"], true);
  const Json got = Json::parse(Run({"get", "--json", "k"}).out);
  EXPECT_EQ(got["key"], "pyappcache/k");
  EXPECT_EQ(got["hit"], true);
  EXPECT_EQ(got["value_base64"], "dv8=");
  EXPECT_LE(Json::parse(Run({"ttl", "--json", "k"}).out)["ttl_ms"], 3'600'000);
  EXPECT_EQ(Json::parse(Run({"del", "--json", "k"}).out)["removed"], 1);
  const Output miss = Run({"get", "--json", "k"});
  EXPECT_EQ(miss.status, 1);
  EXPECT_EQ(Json::parse(miss.out)["hit"], false);
}

TEST_F(EntriesTest, SetEvictsOnlyWithALimit) {
  for (const char* const key : {"a", "b", "c"}) Run({"set", key, "value"});
  Run({"get", "a"});
  Run({"set", "d", "value"});
  EXPECT_EQ(Json::parse(Run({"stats", "--json"}).out)["entries"], 4);
  Run({"set", "--max-entries", "2", "e", "value"});
  EXPECT_EQ(Run({"get", "e"}).status, 0);
  EXPECT_EQ(Run({"get", "d"}).status, 0);
  EXPECT_EQ(Run({"get", "a"}).status, 1);
}

TEST_F(EntriesTest, AValueAboveTheLimitIsAFailure) {
  const Output output =
      Run({"set", "--max-bytes", "20", "key", std::string(100, 'x')});
  EXPECT_EQ(output.status, 3);
  EXPECT_NE(output.err, "");
}

TEST_F(EntriesTest, ReadingCommandsDoNotCreateAMissingFile) {
  for (const char* const command : {"get", "del", "ttl"}) {
    const Output output = Run({command, "--cache", "nope.db", "key"});
    EXPECT_EQ(output.status, 3);
    EXPECT_NE(output.err.find("there is no cache at \"nope.db\""),
              std::string::npos);
  }
  for (const char* const command : {"keys", "stats", "top", "check", "dump"}) {
    EXPECT_EQ(Run({command, "--cache", "nope.db"}).status, 3);
  }
  EXPECT_EQ(Run({"clear", "--yes", "--cache", "nope.db"}).status, 3);
  EXPECT_EQ(ReadFile("nope.db"), "");
}

TEST_F(EntriesTest, ExpireChecksItsDuration) {
  Run({"set", "key", "value"});
  for (const char* const duration : {"0", "0s", "soon", "", "-1s"}) {
    const Output output = Run({"expire", "key", "--", duration});
    EXPECT_EQ(output.status, 2) << duration;
    EXPECT_NE(output.err.find("expire: "), std::string::npos) << output.err;
  }
  EXPECT_EQ(Run({"ttl", "key"}).out, "never\n");
}

TEST_F(EntriesTest, DelNeedsKeysOrAPattern) {
  Run({"set", "key", "value"});
  for (const Words& words :
       {Words{"del"}, Words{"del", "key", "--matching", "k*"},
        Words{"del", "key", "--dry-run"}, Words{"del", "--matching", "[k"}}) {
    EXPECT_EQ(Run(words).status, 2);
  }
  EXPECT_EQ(Run({"get", "key"}).out, "value");
}

TEST_F(EntriesTest, AMissAsJsonHasANull) {
  for (const Words& words :
       {Words{"get", "missing", "--json"}, Words{"ttl", "missing", "--json"},
        Words{"expire", "missing", "5s", "--json"}}) {
    const Output output = Run(words);
    EXPECT_EQ(output.status, 1);
    const Json report = Json::parse(output.out);
    EXPECT_EQ(report["hit"], false);
    EXPECT_TRUE(report[words[0] == "get" ? "value" : "ttl_ms"].is_null());
  }
}

}  // namespace
}  // namespace appcache::command::entries_test
