// StackDistances, compared with a list that is searched.

#include "tools/curve/stack_distances.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <list>

#include "tests/support/random.h"

namespace appcache::curve {
namespace {

class ListModel {
 public:
  uint64_t Access(uint64_t key) {
    const auto found = std::find(keys_.begin(), keys_.end(), key);
    uint64_t distance = StackDistances::kFirst;
    if (found != keys_.end()) {
      distance = static_cast<uint64_t>(std::distance(keys_.begin(), found)) + 1;
      keys_.erase(found);
    }
    keys_.push_front(key);
    return distance;
  }
  bool Remove(uint64_t key) { return keys_.remove(key) > 0; }
  size_t size() const { return keys_.size(); }

 private:
  std::list<uint64_t> keys_;  // the last accessed one first
};

TEST(StackDistancesTest, CountsTheKeysSinceTheLastAccess) {
  StackDistances distances;
  EXPECT_EQ(distances.Access(7), StackDistances::kFirst);
  EXPECT_EQ(distances.Access(7), 1u);
  EXPECT_EQ(distances.Access(8), StackDistances::kFirst);
  EXPECT_EQ(distances.Access(9), StackDistances::kFirst);
  EXPECT_EQ(distances.Access(8), 2u);
  EXPECT_EQ(distances.Access(8), 1u);
  EXPECT_EQ(distances.Access(7), 3u);
  EXPECT_EQ(distances.size(), 3u);
}

TEST(StackDistancesTest, ARemovedKeyCountsNoMore) {
  StackDistances distances;
  for (const uint64_t key : {1, 2, 3}) distances.Access(key);
  EXPECT_TRUE(distances.Remove(2));
  EXPECT_FALSE(distances.Remove(2));
  EXPECT_EQ(distances.size(), 2u);
  EXPECT_EQ(distances.Access(1), 2u);
  EXPECT_EQ(distances.Access(2), StackDistances::kFirst);
}

// More accesses than positions, many times.
TEST(StackDistancesTest, EqualsAListForAnyAccesses) {
  RandomSource random;
  for (const uint64_t keys : {1, 5, 700, 3000}) {
    SCOPED_TRACE(keys);
    StackDistances distances;
    ListModel model;
    for (int i = 0; i < 20'000; ++i) {
      const uint64_t key = std::min(random.Below(keys), random.Below(keys));
      if (random.Below(20) == 0) {
        ASSERT_EQ(distances.Remove(key), model.Remove(key));
      } else {
        ASSERT_EQ(distances.Access(key), model.Access(key));
      }
      ASSERT_EQ(distances.size(), model.size());
    }
  }
}

}  // namespace
}  // namespace appcache::curve
