// appcache keys, stats (once), top, clear, check.

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/command/command.h"

namespace appcache::command::listing_test {
namespace {

using Json = nlohmann::json;

class ListingTest : public CommandTest {
 protected:
  void SetUp() override {
    Run({"set", "user/1", std::string(100, 'x')});
    Run({"set", "user/2", std::string(300, 'x')});
    Run({"set", "--ttl", "1h", "page/1", std::string(200, 'x')});
  }
};

TEST_F(ListingTest, KeysAreWholePaths) {
  const Output output = Run({"keys"});
  EXPECT_EQ(output.status, 0);
  EXPECT_NE(output.out.find("pyappcache/user/1\n"), std::string::npos);
  EXPECT_EQ(std::count(output.out.begin(), output.out.end(), '\n'), 3);
}

TEST_F(ListingTest, KeysAreSelectedByPatternAndNumber) {
  Run({"set", "--prefix", "other", "user/1", "x"});
  const Output users = Run({"keys", "user/*"});
  EXPECT_EQ(std::count(users.out.begin(), users.out.end(), '\n'), 2);
  const Output one = Run({"keys", "user/?", "--limit", "1"});
  EXPECT_EQ(std::count(one.out.begin(), one.out.end(), '\n'), 1);
  EXPECT_EQ(Run({"keys", "--prefix", "other"}).out, "other/user/1\n");
  EXPECT_EQ(Run({"keys", "--prefix", "other", "page*"}).out, "");
  EXPECT_EQ(Run({"keys", "--key-path", "*r/1"}).out.size(),
            std::string("other/user/1\npyappcache/user/1\n").size());
  EXPECT_EQ(Run({"keys", "user"}).out, "");
  EXPECT_EQ(Run({"keys", "user/[1"}).status, 2);
}

TEST_F(ListingTest, KeysCanEndWithNul) {
  Run({"del", "user/1", "user/2"});
  EXPECT_EQ(Run({"keys", "--null"}).out,
            std::string("pyappcache/page/1\0", 18));
}

TEST_F(ListingTest, KeysAsJsonHaveSizeAndTimes) {
  const Json keys = Json::parse(Run({"keys", "--json"}).out);
  ASSERT_EQ(keys.size(), 3u);
  for (const Json& key : keys) {
    const bool expires = key["key"] == "pyappcache/page/1";
    EXPECT_EQ(key["expires_at_ms"].is_number(), expires);
    EXPECT_GT(key["bytes"], 100);
    EXPECT_GT(key["last_access_at_ms"], 1'600'000'000'000);
  }
}

TEST_F(ListingTest, StatsCountEntriesAndBytes) {
  const Json stats = Json::parse(Run({"stats", "--json"}).out);
  EXPECT_EQ(stats["entries"], 3);
  EXPECT_EQ(stats["bytes"], 600 + 3 * 17);
  EXPECT_GT(stats["file_bytes"], 0);
  const Output output = Run({"stats"});
  EXPECT_NE(output.out.find("entries  3\n"), std::string::npos);
}

TEST_F(ListingTest, TopSortsBySizeAgeAndUse) {
  const auto first = [this](const char* order) {
    const Json top =
        Json::parse(Run({"top", "--json", "--limit", "1", "--by", order}).out);
    EXPECT_EQ(top["entries"], 3);
    EXPECT_EQ(top["top"].size(), 1u);
    return top["top"][0]["key"].get<std::string>();
  };
  EXPECT_EQ(first("size"), "pyappcache/user/2");
  EXPECT_EQ(first("age"), "pyappcache/user/1");
  EXPECT_EQ(first("use"), "pyappcache/page/1");
  Run({"get", "user/1"});
  EXPECT_EQ(first("use"), "pyappcache/user/1");
  EXPECT_EQ(first("age"), "pyappcache/user/2");
}

TEST_F(ListingTest, TopIsATable) {
  const Output output = Run({"top", "--limit", "2", "--watch", "1"});
  EXPECT_EQ(output.status, 0);  // once, because this is not a terminal
  EXPECT_EQ(output.out.find("3 entries, "), 0u);
  EXPECT_NE(output.out.find("KEY\n"), std::string::npos);
  EXPECT_EQ(std::count(output.out.begin(), output.out.end(), '\n'), 4);
}

TEST_F(ListingTest, ClearNeedsYes) {
  const Output refused = Run({"clear"});
  EXPECT_EQ(refused.status, 2);
  EXPECT_NE(refused.err.find("--yes"), std::string::npos);
  EXPECT_EQ(Json::parse(Run({"stats", "--json"}).out)["entries"], 3);
  EXPECT_EQ(Json::parse(Run({"clear", "--yes", "--json"}).out)["removed"], 3);
  EXPECT_EQ(Json::parse(Run({"stats", "--json"}).out)["entries"], 0);
}

TEST_F(ListingTest, AnUndamagedCacheIsSound) {
  EXPECT_NE(Run({"check"}).out.find("sound"), std::string::npos);
  const Output output = Run({"check", "--fix", "--json"});
  EXPECT_EQ(output.status, 0);
  const Json report = Json::parse(output.out);
  EXPECT_EQ(report["sound"], true);
  EXPECT_EQ(report["entries"], 3);
  EXPECT_TRUE(report["problems"].empty());
}

}  // namespace
}  // namespace appcache::command::listing_test
