#include "tools/command/entries/top.h"

#include <gtest/gtest.h>

#include "tools/command/io/progress.h"

namespace appcache::command::top_test {
namespace {

ListedEntry Info(std::string path, uint64_t bytes, int64_t accessed_s) {
  return {std::move(path), bytes, TimePoint(std::chrono::seconds(accessed_s))};
}

TEST(TopTest, EntriesAreSortedByTheOrder) {
  const ListedEntry large = Info("large", 9, 50);
  const ListedEntry old = Info("old", 5, 10);
  const ListedEntry used = Info("used", 1, 90);
  EXPECT_TRUE(TopBetter{TopOrder::kSize}(large, old));
  EXPECT_FALSE(TopBetter{TopOrder::kSize}(used, old));
  EXPECT_TRUE(TopBetter{TopOrder::kAge}(old, large));
  EXPECT_FALSE(TopBetter{TopOrder::kAge}(used, large));
  EXPECT_TRUE(TopBetter{TopOrder::kUse}(used, large));
  EXPECT_FALSE(TopBetter{TopOrder::kUse}(old, large));
}

TEST(TopTest, TiesAreBrokenByTheKey) {
  const ListedEntry a = Info("a", 1, 1);
  const ListedEntry b = Info("b", 1, 1);
  for (const TopOrder order :
       {TopOrder::kSize, TopOrder::kAge, TopOrder::kUse}) {
    EXPECT_TRUE(TopBetter{order}(a, b));
    EXPECT_FALSE(TopBetter{order}(b, a));
    EXPECT_FALSE(TopBetter{order}(a, a));
  }
}

TEST(TopTest, TheTableHasSizeAgeAndTtl) {
  std::vector<ListedEntry> entries = {Info("user/7", 1536, 100),
                                      Info("a\nb", 12, 40)};
  entries[0].expires_at = TimePoint(std::chrono::seconds(3820));
  EXPECT_EQ(TopTable(entries, TimePoint(std::chrono::seconds(220)), 0),
            "   SIZE  UNUSED   TTL  KEY\n"
            "1.5 KiB    2m0s  1h0m  user/7\n"
            "   12 B    3m0s     -  a\\nb\n");
}

TEST(TopTest, AnUnknownAccessIsAMark) {
  const std::vector<ListedEntry> entries = {{"a", 12}};
  EXPECT_EQ(TopTable(entries, TimePoint(), 0),
            "SIZE  UNUSED  TTL  KEY\n"
            "12 B       -    -  a\n");
}

TEST(TopTest, ProgressIsABarOrANumber) {
  EXPECT_EQ(ProgressLine("load", 0, 10, 4), "load [    ]   0%");
  EXPECT_EQ(ProgressLine("load", 5, 10, 4), "load [##  ]  50%");
  EXPECT_EQ(ProgressLine("load", 10, 10, 4), "load [####] 100%");
  EXPECT_EQ(ProgressLine("load", 11, 10, 4), "load [####] 100%");
  EXPECT_EQ(ProgressLine("load", 7, 0, 4), "load 7");
}

}  // namespace
}  // namespace appcache::command::top_test
