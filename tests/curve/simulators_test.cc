// The simulators, on traces that were worked out by hand, and compared with
// slow models.

#include "tools/curve/simulators.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <vector>

#include "tests/support/random.h"

namespace appcache::curve::simulators_test {
namespace {

using Trace = std::vector<uint32_t>;

Trace RandomTrace(RandomSource& random, uint64_t keys, int requests) {
  Trace trace;
  for (int i = 0; i < requests; ++i) {
    trace.push_back(static_cast<uint32_t>(
        std::min(random.Below(keys), random.Below(keys))));
  }
  return trace;
}

// The most hits of any eviction decisions.
uint64_t BestHits(const Trace& trace, uint64_t capacity, size_t at,
                  const std::set<uint32_t>& cached) {
  if (at == trace.size()) return 0;
  if (cached.contains(trace[at])) {
    return 1 + BestHits(trace, capacity, at + 1, cached);
  }
  std::set<uint32_t> next = cached;
  next.insert(trace[at]);
  if (cached.size() < capacity) return BestHits(trace, capacity, at + 1, next);
  uint64_t best = 0;
  for (const uint32_t victim : cached) {
    next.erase(victim);
    best = std::max(best, BestHits(trace, capacity, at + 1, next));
    next.insert(victim);
  }
  return best;
}

TEST(SimulatorsTest, NothingHitsWithoutEntriesOrRequests) {
  for (const auto hits : {FifoHits, S3FifoHits, OptimalHits}) {
    EXPECT_EQ(hits(Trace{1, 1, 1}, 0), 0u);
    EXPECT_EQ(hits(Trace{}, 10), 0u);
  }
}

TEST(SimulatorsTest, EverythingHitsAgainWithRoomForAll) {
  RandomSource random;
  const Trace trace = RandomTrace(random, 50, 2000);
  const size_t keys = std::set<uint32_t>(trace.begin(), trace.end()).size();
  for (const auto hits : {FifoHits, S3FifoHits, OptimalHits}) {
    EXPECT_EQ(hits(trace, 50), trace.size() - keys);
    EXPECT_EQ(hits(trace, 1'000'000), trace.size() - keys);
  }
}

TEST(SimulatorsTest, FifoDoesNotKeepWhatIsUsed) {
  //                        1  hit    evicts 1
  EXPECT_EQ(FifoHits(Trace{1, 1, 2, 3, 1}, 2), 1u);
  EXPECT_EQ(FifoHits(Trace{1, 2, 1, 2}, 2), 2u);
}

TEST(SimulatorsTest, OptimalEqualsTheBestOfAllDecisions) {
  RandomSource random;
  for (int round = 0; round < 60; ++round) {
    const Trace trace = RandomTrace(random, 5, 12);
    for (uint64_t capacity = 1; capacity <= 4; ++capacity) {
      ASSERT_EQ(OptimalHits(trace, capacity), BestHits(trace, capacity, 0, {}))
          << testing::PrintToString(trace) << " with " << capacity;
    }
  }
}

TEST(SimulatorsTest, NoneHasMoreHitsThanOptimal) {
  RandomSource random;
  const Trace trace = RandomTrace(random, 500, 20'000);
  for (const uint64_t capacity : {1, 2, 9, 10, 50, 200, 499}) {
    const uint64_t most = OptimalHits(trace, capacity);
    EXPECT_LE(FifoHits(trace, capacity), most);
    EXPECT_LE(S3FifoHits(trace, capacity), most);
  }
}

// Of twenty entries, the small queue has two and the main queue eighteen.
TEST(SimulatorsTest, S3FifoKeepsWhatIsUsedThroughAScan) {
  Trace trace;
  for (int round = 0; round < 3; ++round) {
    for (uint32_t key = 0; key < 10; ++key) trace.push_back(key);
  }
  for (uint32_t key = 100; key < 1100; ++key) trace.push_back(key);
  for (uint32_t key = 0; key < 10; ++key) trace.push_back(key);
  EXPECT_EQ(S3FifoHits(trace, 20), 30u);
  EXPECT_EQ(FifoHits(trace, 20), 20u) << "the scan evicts everything";
}

TEST(SimulatorsTest, S3FifoPutsAKeyThatReturnsIntoTheMainQueue) {
  Trace trace;
  // 0 leaves the small queue unused, and is a ghost when it returns.
  for (uint32_t key = 0; key <= 20; ++key) trace.push_back(key);
  trace.push_back(0);
  // So a scan does not remove it.
  for (uint32_t key = 100; key < 110; ++key) trace.push_back(key);
  trace.push_back(0);
  EXPECT_EQ(S3FifoHits(trace, 20), 1u);
}

}  // namespace
}  // namespace appcache::curve::simulators_test
