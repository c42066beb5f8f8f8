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

namespace appcache::curve::lru_curve_test {
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

double PercentOff(const LruCurve& curve, const LruCurve& exact,
                  uint64_t capacity) {
  return 100 * std::abs(curve.Hits(capacity) - exact.Hits(capacity)) /
         static_cast<double>(exact.requests());
}

// With the same seed every time: what a sample has is a matter of chance.
struct Sampled {
  explicit Sampled(double rate, size_t exact_entries)
      : curve(rate, exact_entries) {
    RandomSource random(7);
    for (const uint64_t key : Zipf(random, 30'000, 60'000)) {
      exact.Request(Spread(key));
      curve.Request(Spread(key));
    }
  }
  LruCurve exact;
  LruCurve curve;
};

TEST(LruCurveTest, TheFirstEntriesOfASampleAreExact) {
  const Sampled sampled(0.01, 2000);
  for (const uint64_t capacity : {1, 10, 300, 1999, 2000}) {
    EXPECT_EQ(sampled.curve.Hits(capacity), sampled.exact.Hits(capacity));
    EXPECT_EQ(sampled.curve.HitsError(capacity), 0);
  }
}

TEST(LruCurveTest, ASampleIsCloseToTheExactCurve) {
  const Sampled sampled(0.1, 1000);
  for (const uint64_t capacity : {1500, 3000, 6000, 12'000}) {
    EXPECT_LT(PercentOff(sampled.curve, sampled.exact, capacity), 1)
        << capacity;
  }
  EXPECT_NEAR(sampled.curve.keys(), sampled.exact.keys(),
              0.05 * sampled.exact.keys());
}

TEST(LruCurveTest, TheErrorOfASampleIsNearItsStandardError) {
  const Sampled sampled(0.05, 1000);
  for (const uint64_t capacity : {1500, 3000, 6000, 12'000}) {
    const double error =
        std::abs(sampled.curve.Hits(capacity) - sampled.exact.Hits(capacity));
    EXPECT_LT(error, 3 * sampled.curve.HitsError(capacity)) << capacity;
    EXPECT_LT(sampled.curve.HitsError(capacity),
              0.02 * static_cast<double>(sampled.exact.requests()));
  }
}

TEST(LruCurveTest, ASampleOfMoreEntriesThanKeysIsExact) {
  RandomSource random;
  LruCurve exact;
  LruCurve sampled(0.01, 500);
  for (const uint64_t key : Zipf(random, 400, 5000)) {
    exact.Request(Spread(key));
    sampled.Request(Spread(key));
  }
  for (const uint64_t capacity : {1, 100, 500, 1000}) {
    EXPECT_EQ(sampled.Hits(capacity), exact.Hits(capacity));
    EXPECT_EQ(sampled.HitsError(capacity), 0);
  }
  EXPECT_EQ(sampled.keys(), exact.keys());
  EXPECT_EQ(sampled.CapacityFor(1000), exact.CapacityFor(1000));
}

TEST(LruCurveTest, TheCapacityOfASampleReachesTheHits) {
  const Sampled sampled(0.1, 1000);
  for (const double share : {0.1, 0.5, 0.9, 1.0}) {
    const double hits = share * sampled.curve.most_hits();
    const std::optional<uint64_t> capacity = sampled.curve.CapacityFor(hits);
    ASSERT_TRUE(capacity);
    EXPECT_GE(sampled.curve.Hits(*capacity), hits);
    EXPECT_LT(sampled.curve.Hits(*capacity - 1), hits);
  }
}

// Keys that are set and removed, exact and with a sample.
TEST(LruCurveTest, SetsAndDeletesChangeTheStackOnly) {
  for (const double rate : {1.0, 0.5}) {
    LruCurve curve(rate, 10);
    for (const uint64_t key : {1, 2, 3}) curve.Insert(Spread(key));
    EXPECT_EQ(curve.requests(), 0u);
    curve.Request(Spread(1));  // at depth 3
    curve.Request(Spread(1));  // at depth 1
    curve.Remove(Spread(3));
    curve.Request(Spread(2));  // at depth 3: a smaller cache has evicted it
    curve.Request(Spread(3));  // a miss
    EXPECT_EQ(curve.requests(), 4u);
    EXPECT_EQ(curve.Hits(1), 1);
    EXPECT_EQ(curve.Hits(2), 1);
    EXPECT_EQ(curve.Hits(3), 3);
    EXPECT_EQ(curve.most_hits(), 3);
    EXPECT_EQ(curve.keys(), 3);
  }
}

TEST(LruCurveTest, RemovedKeysAreMissesWithASampleToo) {
  LruCurve curve(0.99, 10);
  for (int round = 0; round < 3; ++round) {
    for (uint64_t key = 0; key < 1000; ++key) curve.Request(Spread(key));
    for (uint64_t key = 0; key < 1000; ++key) curve.Remove(Spread(key));
  }
  EXPECT_EQ(curve.requests(), 3000u);
  EXPECT_EQ(curve.most_hits(), 0);
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
}  // namespace appcache::curve::lru_curve_test
