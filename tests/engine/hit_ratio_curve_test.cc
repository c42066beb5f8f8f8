// CacheStats::hit_ratio_curve of a cache, beside the exact curve of the
// requests that it had.

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "appcache/sqlite_cache.h"
#include "appcache/testing/fake_clock.h"
#include "tests/engine/scratch.h"
#include "tests/support/random.h"
#include "tools/curve/lru_curve.h"

namespace appcache {
namespace {

// A point, as the header says.
constexpr double kTolerance = 0.01;

using Trace = std::vector<uint32_t>;

// Keys 0, 1, ... with falling frequencies: Zipf's law, by its inverse.
uint32_t Skewed(RandomSource& random, uint32_t keys) {
  constexpr double kBits = 0x1p-53;
  const double u = static_cast<double>(random.Bits() >> 11) * kBits;
  return static_cast<uint32_t>(std::pow(keys, u)) - 1;
}

Trace SkewedTrace(RandomSource& random, size_t requests, uint32_t keys) {
  Trace trace;
  while (trace.size() < requests) trace.push_back(Skewed(random, keys));
  return trace;
}

// The same with scans of keys that are never used again, and with new hot keys
// from time to time.
Trace RestlessTrace(RandomSource& random, size_t requests, uint32_t keys) {
  Trace trace;
  uint32_t fresh = 1'000'000'000;
  while (trace.size() < requests) {
    const auto phase = static_cast<uint32_t>(trace.size() / 20'000);
    for (int i = 0; i < 900; ++i) {
      trace.push_back(Skewed(random, keys) + phase * keys / 4);
    }
    for (int i = 0; i < 100; ++i) trace.push_back(fresh++);
  }
  trace.resize(requests);
  return trace;
}

class HitRatioCurveTest : public testing::Test {
 protected:
  std::unique_ptr<SqliteCache> Open(uint64_t max_entries) {
    SqliteCacheOptions options;
    options.max_entries = max_entries;
    options.clock = clock_;
    auto cache = SqliteCache::OpenInMemory(options);
    EXPECT_TRUE(cache.ok()) << cache.status().ToString();
    return *std::move(cache);
  }

  // Reads through the cache.
  static void Request(Cache& cache, uint32_t key) {
    const std::string path = "pyappcache/item/" + std::to_string(key);
    if (cache.backend()->GetRaw(path).is_hit()) return;
    EXPECT_TRUE(cache.backend()->SetRaw(path, "value", kNoTtl).ok());
  }

  static void ExpectCurveOf(const Trace& trace, const Cache& cache,
                            uint64_t max_entries,
                            double tolerance = kTolerance) {
    curve::LruCurve exact;
    for (const uint32_t key : trace) exact.Request(key);
    const std::optional<HitRatioCurve> curve = cache.Stats().hit_ratio_curve;
    ASSERT_TRUE(curve.has_value());
    EXPECT_EQ(curve->entries, max_entries);
    for (const HitRatioCurve::Point& point : curve->points) {
      const auto capacity =
          static_cast<uint64_t>(point.scale * static_cast<double>(max_entries));
      EXPECT_NEAR(point.hit_ratio,
                  exact.Hits(capacity) / static_cast<double>(exact.requests()),
                  tolerance)
          << point.scale;
    }
  }

  RandomSource random_;
  std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
};

// The largest remembers a share of the evicted keys only.
TEST_F(HitRatioCurveTest, IsWithinAPointOfTheExactCurve) {
  for (const uint64_t max_entries : {400U, 4000U, 15'000U}) {
    const auto cache = Open(max_entries);
    const Trace trace = SkewedTrace(random_, 400'000, 100'000);
    for (const uint32_t key : trace) Request(*cache, key);
    ExpectCurveOf(trace, *cache, max_entries);
  }
}

TEST_F(HitRatioCurveTest, IsRightWhenScansAndNewKeysComeByTurns) {
  constexpr uint64_t kMaxEntries = 1000;
  const auto cache = Open(kMaxEntries);
  const Trace trace = RestlessTrace(random_, 400'000, 20'000);
  for (const uint32_t key : trace) Request(*cache, key);
  ExpectCurveOf(trace, *cache, kMaxEntries);
}

// The limit of entries says nothing about how many there are.
TEST_F(HitRatioCurveTest, IsRightWhereBytesAreLimited) {
  constexpr uint64_t kEntries = 1000;
  // Keys of the same length.
  constexpr uint32_t kFirstKey = 1'000'000;
  constexpr uint64_t kEntryBytes = 16 + 7 + 5;
  for (const uint64_t max_entries : {uint64_t{10'000}, uint64_t{1} << 40}) {
    SqliteCacheOptions options;
    options.max_entries = max_entries;
    options.max_bytes = kEntries * kEntryBytes;
    options.clock = clock_;
    const auto cache = SqliteCache::OpenInMemory(options);
    ASSERT_TRUE(cache.ok()) << cache.status().ToString();
    Trace trace = SkewedTrace(random_, 300'000, 50'000);
    for (size_t i = 0; i < trace.size(); ++i) {
      trace[i] += kFirstKey;
      if (i % 777 == 0) clock_->Advance(std::chrono::seconds(1));
      Request(**cache, trace[i]);
    }
    ExpectCurveOf(trace, **cache, kEntries);
  }
}

// Requests in bursts: ticks are times, but ages are counted in requests.
TEST_F(HitRatioCurveTest, IsRightWhenRequestsComeInBursts) {
  constexpr uint64_t kMaxEntries = 1000;
  const auto cache = Open(kMaxEntries);
  const Trace trace = SkewedTrace(random_, 300'000, 50'000);
  for (size_t i = 0; i < trace.size(); ++i) {
    if (i % 777 == 0) clock_->Advance(std::chrono::minutes(10));
    Request(*cache, trace[i]);
  }
  ExpectCurveOf(trace, *cache, kMaxEntries);
}

// The same requests by two threads; the order that they have varies.
TEST_F(HitRatioCurveTest, IsRightForSeveralThreads) {
  constexpr uint64_t kMaxEntries = 4000;
  const auto cache = Open(kMaxEntries);
  const Trace trace = SkewedTrace(random_, 400'000, 100'000);
  std::vector<std::thread> threads;
  for (size_t first : {0, 1}) {
    threads.emplace_back([&, first] {
      for (size_t i = first; i < trace.size(); i += 2) {
        Request(*cache, trace[i]);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ExpectCurveOf(trace, *cache, kMaxEntries);
}

// 8 of 10 keys fit; all are requested in turn.
TEST_F(HitRatioCurveTest, ALoopThatAlmostFitsWouldBeHitByATwiceLargerCache) {
  constexpr uint64_t kMaxEntries = 800;
  const auto cache = Open(kMaxEntries);
  for (uint32_t i = 0; i < 100'000; ++i) Request(*cache, i % 1000);
  const std::optional<HitRatioCurve> curve = cache->Stats().hit_ratio_curve;
  ASSERT_TRUE(curve.has_value());
  EXPECT_NEAR(curve->points[1].hit_ratio, 0, kTolerance);
  EXPECT_NEAR(curve->points[2].hit_ratio, 0, kTolerance);
  EXPECT_NEAR(curve->points[3].hit_ratio, 0.99, kTolerance);
  EXPECT_NEAR(curve->points[4].hit_ratio, 0.99, kTolerance);
}

TEST_F(HitRatioCurveTest, WhatWasInvalidatedOrHasExpiredIsAMissAtEverySize) {
  constexpr uint64_t kMaxEntries = 100;
  const auto cache = Open(kMaxEntries);
  const auto path = [](uint32_t key) {
    return "pyappcache/item/" + std::to_string(key);
  };
  // Each key is evicted before it is requested again, and has expired, or was
  // invalidated while it was away.
  for (uint32_t round = 0; round < 100; ++round) {
    for (uint32_t key = 0; key < 300; ++key) {
      EXPECT_FALSE(cache->backend()->GetRaw(path(key)).is_hit());
      const Ttl ttl = key % 2 == 0 ? kNoTtl : Ttl(std::chrono::seconds(1));
      EXPECT_TRUE(cache->backend()->SetRaw(path(key), "v", ttl).ok());
    }
    clock_->Advance(std::chrono::seconds(2));
    for (uint32_t key = 0; key < 300; key += 2) {
      const std::string even = path(key);
      const std::string_view paths[] = {even};
      EXPECT_TRUE(cache->backend()->InvalidateManyRaw(paths).ok());
    }
  }
  // One more entry for the size of the cache.
  EXPECT_TRUE(cache->backend()->SetRaw("pyappcache/last", "v", kNoTtl).ok());
  const std::optional<HitRatioCurve> curve = cache->Stats().hit_ratio_curve;
  ASSERT_TRUE(curve.has_value());
  for (const HitRatioCurve::Point& point : curve->points) {
    EXPECT_EQ(point.hit_ratio, 0) << point.scale;
  }
}

// Of a cache in a file. The tolerance is that of the small sample.
TEST_F(HitRatioCurveTest, ACacheFileHasACurveToo) {
  constexpr uint64_t kMaxEntries = 100;
  const Scratch scratch;
  SqliteCacheOptions options;
  options.max_entries = kMaxEntries;
  options.clock = clock_;
  const auto cache = SqliteCache::OpenFile(scratch.Path("cache.db"), options);
  ASSERT_TRUE(cache.ok()) << cache.status().ToString();
  const Trace trace = SkewedTrace(random_, 20'000, 2000);
  for (const uint32_t key : trace) Request(**cache, key);
  ExpectCurveOf(trace, **cache, kMaxEntries, 0.04);
}

TEST_F(HitRatioCurveTest, IsEmptyBeforeEnoughRequests) {
  const auto cache = Open(100);
  EXPECT_FALSE(cache->Stats().hit_ratio_curve.has_value());
  for (uint32_t i = 0; i < 1000; ++i) Request(*cache, i % 50);
  EXPECT_FALSE(cache->Stats().hit_ratio_curve.has_value());
  for (uint32_t i = 0; i < 9000; ++i) Request(*cache, i % 50);
  EXPECT_TRUE(cache->Stats().hit_ratio_curve.has_value());
}

}  // namespace
}  // namespace appcache
