// The simulators, on traces that were worked out by hand, and compared with
// slow models.

#include "tools/curve/simulators.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "tests/support/random.h"

namespace appcache::curve::simulators_test {
namespace {

using Operation = Access::Operation;
using Trace = std::vector<Access>;

Trace Requests(const std::vector<uint32_t>& keys) {
  Trace trace;
  for (const uint32_t key : keys) trace.push_back({key});
  return trace;
}

// One in `change_period` accesses is an insert or a removal; 0: none.
Trace RandomTrace(RandomSource& random, uint64_t keys, int accesses,
                  uint64_t change_period = 0) {
  Trace trace;
  for (int i = 0; i < accesses; ++i) {
    Access access{static_cast<uint32_t>(
        std::min(random.Below(keys), random.Below(keys)))};
    if (change_period != 0 && random.Below(change_period) == 0) {
      access.operation =
          random.Below(2) == 0 ? Operation::kInsert : Operation::kRemove;
    }
    trace.push_back(access);
  }
  return trace;
}

std::string Print(const Trace& trace) {
  std::string text;
  for (const auto& [key, operation] : trace) {
    text += " " + std::string(1, "r+-"[static_cast<size_t>(operation)]) +
            std::to_string(key);
  }
  return text;
}

// The most hits of any eviction decisions.
uint64_t BestHits(const Trace& trace, uint64_t capacity, size_t at,
                  std::set<uint32_t> cached) {
  if (at == trace.size()) return 0;
  const auto& [key, operation] = trace[at];
  if (operation == Operation::kRemove) {
    cached.erase(key);
    return BestHits(trace, capacity, at + 1, cached);
  }
  if (cached.contains(key)) {
    return (operation == Operation::kRequest ? 1 : 0) +
           BestHits(trace, capacity, at + 1, cached);
  }
  std::set<uint32_t> next = cached;
  next.insert(key);
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
    EXPECT_EQ(hits(Requests({1, 1, 1}), 0), 0u);
    EXPECT_EQ(hits(Trace{}, 10), 0u);
  }
}

TEST(SimulatorsTest, EverythingHitsAgainWithRoomForAll) {
  RandomSource random;
  const Trace trace = RandomTrace(random, 50, 2000);
  std::set<uint32_t> different;
  for (const Access& access : trace) different.insert(access.key);
  const size_t keys = different.size();
  for (const auto hits : {FifoHits, S3FifoHits, OptimalHits}) {
    EXPECT_EQ(hits(trace, 50), trace.size() - keys);
    EXPECT_EQ(hits(trace, 1'000'000), trace.size() - keys);
  }
}

TEST(SimulatorsTest, FifoDoesNotKeepWhatIsUsed) {
  //                        1  hit    evicts 1
  EXPECT_EQ(FifoHits(Requests({1, 1, 2, 3, 1}), 2), 1u);
  EXPECT_EQ(FifoHits(Requests({1, 2, 1, 2}), 2), 2u);
}

TEST(SimulatorsTest, OptimalEqualsTheBestOfAllDecisions) {
  RandomSource random;
  for (uint64_t round = 0; round < 120; ++round) {
    const Trace trace = RandomTrace(random, 5, 12, round % 3);
    for (uint64_t capacity = 1; capacity <= 4; ++capacity) {
      ASSERT_EQ(OptimalHits(trace, capacity), BestHits(trace, capacity, 0, {}))
          << Print(trace) << " with " << capacity;
    }
  }
}

TEST(SimulatorsTest, NoneHasMoreHitsThanOptimal) {
  RandomSource random;
  for (const uint64_t change_period : {0, 2, 10}) {
    const Trace trace = RandomTrace(random, 500, 20'000, change_period);
    for (const uint64_t capacity : {1, 2, 9, 10, 50, 200, 499}) {
      const uint64_t most = OptimalHits(trace, capacity);
      EXPECT_LE(FifoHits(trace, capacity), most);
      EXPECT_LE(S3FifoHits(trace, capacity), most);
    }
  }
}

// A cache with room for all hits what was there, whatever the policy.
TEST(SimulatorsTest, InsertsAndRemovalsAreNoRequests) {
  RandomSource random;
  const Trace trace = RandomTrace(random, 50, 2000, 3);
  std::set<uint32_t> cached;
  uint64_t expected = 0;
  for (const auto& [key, operation] : trace) {
    if (operation == Operation::kRemove) {
      cached.erase(key);
    } else if (!cached.insert(key).second) {
      expected += operation == Operation::kRequest ? 1 : 0;
    }
  }
  for (const auto hits : {FifoHits, S3FifoHits, OptimalHits}) {
    EXPECT_EQ(hits(trace, 50), expected);
  }
}

TEST(SimulatorsTest, ARemovalMakesRoom) {
  //                 evicts none: 1 has left the middle of the queue
  const Trace trace = {{0}, {1}, {2}, {1, Operation::kRemove}, {3}, {0}, {2}};
  for (const auto hits : {FifoHits, S3FifoHits, OptimalHits}) {
    EXPECT_EQ(hits(trace, 3), 2u);
  }
}

TEST(SimulatorsTest, AKeyThatReturnsAfterItsRemovalIsTheNewestOfFifo) {
  // 1 is evicted by 2, although 0 was there before; then 0 by 1.
  const Trace trace = {{0}, {1}, {0, Operation::kRemove}, {0}, {2}, {0}, {1}};
  EXPECT_EQ(FifoHits(trace, 2), 1u);
}

// Of twenty entries, the small queue has two and the main queue eighteen.
TEST(SimulatorsTest, S3FifoKeepsWhatIsUsedThroughAScan) {
  Trace trace;
  for (int round = 0; round < 3; ++round) {
    for (uint32_t key = 0; key < 10; ++key) trace.push_back({key});
  }
  for (uint32_t key = 100; key < 1100; ++key) trace.push_back({key});
  for (uint32_t key = 0; key < 10; ++key) trace.push_back({key});
  EXPECT_EQ(S3FifoHits(trace, 20), 30u);
  EXPECT_EQ(FifoHits(trace, 20), 20u) << "the scan evicts everything";
}

TEST(SimulatorsTest, S3FifoPutsAKeyThatReturnsIntoTheMainQueue) {
  Trace trace;
  // 0 leaves the small queue unused, and is a ghost when it returns.
  for (uint32_t key = 0; key <= 20; ++key) trace.push_back({key});
  trace.push_back({0});
  // So a scan does not remove it.
  for (uint32_t key = 100; key < 110; ++key) trace.push_back({key});
  trace.push_back({0});
  EXPECT_EQ(S3FifoHits(trace, 20), 1u);
}

}  // namespace
}  // namespace appcache::curve::simulators_test
