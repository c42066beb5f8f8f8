// StackDistances, compared with a list that is searched.

#include "tools/curve/stack_distances.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <list>
#include <optional>

#include "tests/support/random.h"

namespace appcache::curve::stack_distances_test {
namespace {

class ListModel {
 public:
  uint64_t Access(uint64_t key) {
    const auto found = Find(key);
    uint64_t distance = StackDistances::kFirst;
    if (found != keys_.end()) {
      distance = DepthOf(found);
      *found = kHole;
    }
    const auto hole = Find(kHole);
    if (hole != keys_.end()) keys_.erase(hole);
    keys_.push_front(key);
    return distance;
  }
  void Remove(uint64_t key) {
    const auto found = Find(key);
    if (found != keys_.end()) *found = kHole;
  }
  uint64_t Take(uint64_t key) {
    const auto found = Find(key);
    if (found == keys_.end()) return StackDistances::kFirst;
    const uint64_t distance = DepthOf(found);
    keys_.erase(found);
    return distance;
  }
  std::optional<uint64_t> RemoveDeepest() {
    const uint64_t key = keys_.back();
    keys_.pop_back();
    return key == kHole ? std::nullopt : std::optional(key);
  }
  size_t depth() const { return keys_.size(); }
  size_t size() const {
    return keys_.size() -
           static_cast<size_t>(std::count(keys_.begin(), keys_.end(), kHole));
  }

 private:
  static constexpr uint64_t kHole = UINT64_MAX;
  using Keys = std::list<uint64_t>;

  Keys::iterator Find(uint64_t key) {
    return std::find(keys_.begin(), keys_.end(), key);
  }
  uint64_t DepthOf(Keys::iterator found) {
    return static_cast<uint64_t>(std::distance(keys_.begin(), found)) + 1;
  }

  Keys keys_;  // the last accessed one first
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

TEST(StackDistancesTest, ATakenKeyCountsNoMore) {
  StackDistances distances;
  for (const uint64_t key : {1, 2, 3}) distances.Access(key);
  EXPECT_EQ(distances.Take(2), 2u);
  EXPECT_EQ(distances.Take(2), StackDistances::kFirst);
  EXPECT_EQ(distances.size(), 2u);
  EXPECT_EQ(distances.Access(1), 2u);
  EXPECT_EQ(distances.Access(2), StackDistances::kFirst);
}

TEST(StackDistancesTest, ARemovedKeyLeavesAHoleThatANewOneFills) {
  StackDistances distances;
  for (const uint64_t key : {1, 2, 3}) distances.Access(key);
  distances.Remove(2);
  distances.Remove(2);
  EXPECT_EQ(distances.size(), 2u);
  EXPECT_EQ(distances.depth(), 3u);
  // A cache of two entries has evicted 1, which does not return.
  EXPECT_EQ(distances.Access(1), 3u);
  // The hole is where 1 was, below 1 and 3.
  EXPECT_EQ(distances.Access(3), 2u);
  EXPECT_EQ(distances.depth(), 3u);
  EXPECT_EQ(distances.Access(4), StackDistances::kFirst);
  EXPECT_EQ(distances.depth(), 3u);
  EXPECT_EQ(distances.Access(1), 3u);
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
      const uint64_t kind = random.Below(30);
      if (kind < 3) {
        distances.Remove(key);
        model.Remove(key);
      } else if (kind == 3) {
        ASSERT_EQ(distances.Take(key), model.Take(key));
      } else if (kind == 4 && model.depth() > 0) {
        ASSERT_EQ(distances.RemoveDeepest(), model.RemoveDeepest());
      } else {
        ASSERT_EQ(distances.Access(key), model.Access(key));
      }
      ASSERT_EQ(distances.depth(), model.depth());
      ASSERT_EQ(distances.size(), model.size());
    }
  }
}

}  // namespace
}  // namespace appcache::curve::stack_distances_test
