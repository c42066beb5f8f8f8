#include "engine/loading/expiring_key_set.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace appcache::expiring_key_set_test {
namespace {

constexpr TimePoint kStart{std::chrono::microseconds(1'000'000)};

TimePoint At(int microseconds) {
  return kStart + std::chrono::microseconds(microseconds);
}

TEST(ExpiringKeySetTest, APathIsInTheSetUntilItExpires) {
  internal::ExpiringKeySet keys;
  EXPECT_FALSE(keys.Contains("k", kStart));
  keys.Add("k", At(10));
  EXPECT_TRUE(keys.Contains("k", At(9)));
  EXPECT_FALSE(keys.Contains("k", At(10)));
  EXPECT_FALSE(keys.Contains("other", At(9)));
}

TEST(ExpiringKeySetTest, AddReplacesTheExpiryTime) {
  internal::ExpiringKeySet keys;
  keys.Add("k", At(10));
  keys.Add("k", At(5));
  EXPECT_FALSE(keys.Contains("k", At(5)));
  keys.Add("k", At(20));
  EXPECT_TRUE(keys.Contains("k", At(19)));
}

TEST(ExpiringKeySetTest, EraseRemovesOnePathAndClearAll) {
  internal::ExpiringKeySet keys;
  keys.Add("a", At(10));
  keys.Add("b", At(10));
  keys.Erase("a");
  keys.Erase("none");
  EXPECT_FALSE(keys.Contains("a", kStart));
  EXPECT_TRUE(keys.Contains("b", kStart));
  keys.Clear();
  EXPECT_FALSE(keys.Contains("b", kStart));
  keys.Add("b", At(10));
  EXPECT_TRUE(keys.Contains("b", kStart));
}

TEST(ExpiringKeySetTest, AFullSetRemovesThePathThatExpiresFirst) {
  internal::ExpiringKeySet keys;
  const int paths = static_cast<int>(internal::ExpiringKeySet::kMaxPaths);
  for (int i = 0; i < paths; ++i) {
    keys.Add(std::to_string(i), At(1 + (i + 7) % paths));
  }
  const std::string soonest = std::to_string(paths - 7);
  EXPECT_TRUE(keys.Contains(soonest, kStart));
  keys.Add("one more", At(paths + 1));
  EXPECT_FALSE(keys.Contains(soonest, kStart));
  EXPECT_TRUE(keys.Contains("one more", kStart));
  EXPECT_TRUE(keys.Contains("0", kStart));
}

TEST(ExpiringKeySetTest, TheBytesOfThePathsAreBounded) {
  internal::ExpiringKeySet keys;
  const std::string half(internal::ExpiringKeySet::kMaxBytes / 2, 'k');
  keys.Add(half + "a", At(1));
  keys.Add(half.substr(1) + "b", At(2));
  EXPECT_FALSE(keys.Contains(half + "a", kStart));
  EXPECT_TRUE(keys.Contains(half.substr(1) + "b", kStart));
  keys.Add(std::string(internal::ExpiringKeySet::kMaxBytes + 1, 'k'), At(3));
  EXPECT_TRUE(keys.Contains(half.substr(1) + "b", kStart));
}

}  // namespace
}  // namespace appcache::expiring_key_set_test
