#include "engine/loading/until_table.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace appcache {
namespace {

constexpr TimePoint kStart{std::chrono::microseconds(1'000'000)};

TimePoint At(int microseconds) {
  return kStart + std::chrono::microseconds(microseconds);
}

TEST(UntilTableTest, APathHoldsUntilItsEnd) {
  UntilTable table;
  EXPECT_FALSE(table.Holds("k", kStart));
  table.Add("k", At(10));
  EXPECT_TRUE(table.Holds("k", At(9)));
  EXPECT_FALSE(table.Holds("k", At(10)));
  EXPECT_FALSE(table.Holds("other", At(9)));
}

TEST(UntilTableTest, TheLastEndCounts) {
  UntilTable table;
  table.Add("k", At(10));
  table.Add("k", At(5));
  EXPECT_FALSE(table.Holds("k", At(5)));
  table.Add("k", At(20));
  EXPECT_TRUE(table.Holds("k", At(19)));
}

TEST(UntilTableTest, ErasesOneOrAll) {
  UntilTable table;
  table.Add("a", At(10));
  table.Add("b", At(10));
  table.Erase("a");
  table.Erase("none");
  EXPECT_FALSE(table.Holds("a", kStart));
  EXPECT_TRUE(table.Holds("b", kStart));
  table.Clear();
  EXPECT_FALSE(table.Holds("b", kStart));
  table.Add("b", At(10));
  EXPECT_TRUE(table.Holds("b", kStart));
}

TEST(UntilTableTest, WhenItIsFullWhatEndsSoonestIsForgotten) {
  UntilTable table;
  const int paths = static_cast<int>(UntilTable::kMaxPaths);
  for (int i = 0; i < paths; ++i) {
    table.Add(std::to_string(i), At(1 + (i + 7) % paths));
  }
  const std::string soonest = std::to_string(paths - 7);
  EXPECT_TRUE(table.Holds(soonest, kStart));
  table.Add("one more", At(paths + 1));
  EXPECT_FALSE(table.Holds(soonest, kStart));
  EXPECT_TRUE(table.Holds("one more", kStart));
  EXPECT_TRUE(table.Holds("0", kStart));
}

TEST(UntilTableTest, ItsBytesAreBounded) {
  UntilTable table;
  const std::string half(UntilTable::kMaxBytes / 2, 'k');
  table.Add(half + "a", At(1));
  table.Add(half.substr(1) + "b", At(2));
  EXPECT_FALSE(table.Holds(half + "a", kStart));
  EXPECT_TRUE(table.Holds(half.substr(1) + "b", kStart));
  table.Add(std::string(UntilTable::kMaxBytes + 1, 'k'), At(3));
  EXPECT_TRUE(table.Holds(half.substr(1) + "b", kStart));
}

}  // namespace
}  // namespace appcache
