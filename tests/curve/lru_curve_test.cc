// LruCurve: exact, it has the hits of an LRU of each capacity; sampled, about
// as many.

#include "tools/curve/lru_curve.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <list>
#include <set>
#include <vector>

#include "tests/support/random.h"

namespace appcache::curve {
namespace {

// Of skewed keys: key k is about 1/k as likely as key 1.
std::vector<uint64_t> Zipf(RandomSource& random, uint64_t keys, int requests) {
  std::vector<uint64_t> trace;
  const double scale = std::log(static_cast<double>(keys) + 1);
  for (int i = 0; i < requests; ++i) {
    const double unit = static_cast<double>(random.Bits() >> 11) * 0x1.0p-53;
    trace.push_back(static_cast<uint64_t>(std::exp(unit * scale)));
  }
  return trace;
}

// A bijection that spreads keys over 64 bits (the finaliser of MurmurHash3).
uint64_t Spread(uint64_t key) {
  key ^= key >> 33;
  key *= 0xff51afd7ed558ccd;
  key ^= key >> 33;
  key *= 0xc4ceb9fe1a85ec53;
  return key ^ key >> 33;
}

uint64_t HitsOfAnLru(const std::vector<uint64_t>& trace, uint64_t capacity) {
  std::list<uint64_t> lru;
  uint64_t hits = 0;
  for (const uint64_t key : trace) {
    const auto found = std::find(lru.begin(), lru.end(), key);
    if (found != lru.end()) {
      ++hits;
      lru.erase(found);
    } else if (lru.size() == capacity) {
      lru.pop_back();
    }
    lru.push_front(key);
  }
  return hits;
}

TEST(LruCurveTest, IsThatOfAnLruOfEachCapacity) {
  RandomSource random;
  const std::vector<uint64_t> trace = Zipf(random, 200, 3000);
  LruCurve curve;
  for (const uint64_t key : trace) curve.Request(Spread(key));
  EXPECT_EQ(curve.requests(), trace.size());
  EXPECT_EQ(curve.Hits(0), 0);
  for (uint64_t capacity = 1; capacity < 220; ++capacity) {
    ASSERT_EQ(curve.Hits(capacity),
              static_cast<double>(HitsOfAnLru(trace, capacity)))
        << capacity;
  }
  const std::set<uint64_t> keys(trace.begin(), trace.end());
  EXPECT_EQ(curve.keys(), static_cast<double>(keys.size()));
  EXPECT_EQ(curve.most_hits(), static_cast<double>(trace.size() - keys.size()));
}

TEST(LruCurveTest, TheCapacityForSomeHitsIsTheSmallest) {
  RandomSource random;
  LruCurve curve;
  for (const uint64_t key : Zipf(random, 100, 2000)) curve.Request(Spread(key));
  EXPECT_EQ(curve.CapacityFor(0), 0u);
  for (const double hits : {1.0, 100.0, 1000.0, curve.most_hits()}) {
    const std::optional<uint64_t> capacity = curve.CapacityFor(hits);
    ASSERT_TRUE(capacity);
    EXPECT_GE(curve.Hits(*capacity), hits);
    EXPECT_LT(curve.Hits(*capacity - 1), hits);
  }
  EXPECT_EQ(curve.CapacityFor(curve.most_hits() + 1), std::nullopt);
}

TEST(LruCurveTest, ASampleIsCloseToTheExactCurve) {
  RandomSource random;
  LruCurve exact;
  LruCurve sampled(0.1);
  const std::vector<uint64_t> trace = Zipf(random, 100'000, 300'000);
  for (const uint64_t key : trace) {
    exact.Request(Spread(key));
    sampled.Request(Spread(key));
  }
  const auto requests = static_cast<double>(trace.size());
  double sum = 0;
  int points = 0;
  for (uint64_t capacity = 1000; capacity < 64'000; capacity *= 2, ++points) {
    sum += std::abs(exact.Hits(capacity) - sampled.Hits(capacity)) / requests;
  }
  // The mean error is about 0.01, and that of the keys 0.01 of them.
  EXPECT_LT(sum / points, 0.05);
  EXPECT_NEAR(sampled.keys(), exact.keys(), 0.1 * exact.keys());
}

TEST(LruCurveTest, NothingWasRequested) {
  for (const double rate : {1.0, 0.01}) {
    const LruCurve curve(rate);
    EXPECT_EQ(curve.requests(), 0u);
    EXPECT_EQ(curve.Hits(10), 0);
    EXPECT_EQ(curve.CapacityFor(1), std::nullopt);
  }
}

}  // namespace
}  // namespace appcache::curve
