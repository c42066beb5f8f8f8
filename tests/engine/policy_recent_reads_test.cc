// RecentReads: the curve of a cache that only notes what was read and set,
// beside the exact one.

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <unordered_map>

#include "engine/policy/recent_reads.h"
#include "tests/support/random.h"
#include "tools/curve/lru_curve.h"

namespace appcache::policy::policy_recent_reads_test {
namespace {

constexpr double kTolerance = 0.01;
constexpr int64_t kNow = 1'000'000;

// The keys of an exact LRU, by hash.
class Lru {
 public:
  explicit Lru(size_t capacity) : capacity_(capacity) {}

  bool Has(int64_t h) const { return places_.contains(h); }
  // Makes it the most recent one, and evicts if there are too many.
  void Use(int64_t h) {
    const auto found = places_.find(h);
    if (found != places_.end()) order_.erase(found->second);
    order_.push_front(h);
    places_[h] = order_.begin();
    if (places_.size() <= capacity_) return;
    places_.erase(order_.back());
    order_.pop_back();
  }

 private:
  const size_t capacity_;
  std::list<int64_t> order_;
  std::unordered_map<int64_t, std::list<int64_t>::iterator> places_;
};

// A cache of `max_entries` with a RecentReads, and the exact curve.
class Cache {
 public:
  explicit Cache(uint64_t max_entries)
      : max_entries_(max_entries),
        lru_(max_entries),
        owned_(std::make_unique<RecentReads>(max_entries)),
        reads_(*owned_) {
    reads_.FitTo(max_entries);
  }

  void Request(int64_t h) {
    exact_.Request(static_cast<uint64_t>(h));
    if (lru_.Has(h)) {
      reads_.NoteHit(h, ++hits_, 0);
    } else {
      reads_.NoteMiss(h, ++misses_, kNow);
      reads_.NoteSet(h, 0);
    }
    lru_.Use(h);
  }

  void ExpectExactCurve() {
    const std::optional<HitRatioCurve> curve =
        reads_.Estimate(max_entries_, hits_, misses_);
    ASSERT_TRUE(curve.has_value());
    for (const HitRatioCurve::Point& point : curve->points) {
      const auto capacity = static_cast<uint64_t>(
          point.scale * static_cast<double>(max_entries_));
      EXPECT_NEAR(
          point.hit_ratio,
          exact_.Hits(capacity) / static_cast<double>(exact_.requests()),
          kTolerance)
          << max_entries_ << " entries, times " << point.scale;
    }
  }

 private:
  const uint64_t max_entries_;
  Lru lru_;
  // Has more alignment than a stack has under AddressSanitizer.
  const std::unique_ptr<RecentReads> owned_;
  RecentReads& reads_;
  curve::LruCurve exact_;
  uint64_t hits_ = 0;
  uint64_t misses_ = 0;
};

// A hash for a number.
int64_t Mixed(uint64_t number) {
  number = (number ^ number >> 31) * 0x9e3779b97f4a7c15;
  number = (number ^ number >> 29) * 0xbf58476d1ce4e5b9;
  return static_cast<int64_t>(number ^ number >> 32);
}

// Keys that the table of recent reads all holds, and keys that it does not.
TEST(RecentReadsTest, IsWithinAPointOfTheExactCurve) {
  RandomSource random;
  for (const uint64_t max_entries : {500U, 20'000U}) {
    Cache cache(max_entries);
    for (int i = 0; i < 300'000; ++i) {
      const double u = static_cast<double>(random.Bits() >> 11) * 0x1p-53;
      cache.Request(Mixed(static_cast<uint64_t>(std::pow(200'000.0, u))));
    }
    cache.ExpectExactCurve();
  }
}

TEST(RecentReadsTest, AKeyThatWasRemovedIsAMissAtEverySize) {
  const auto owned = std::make_unique<RecentReads>(100);
  RecentReads& reads = *owned;
  uint64_t misses = 0;
  for (int round = 0; round < 100; ++round) {
    for (uint64_t key = 0; key < 50; ++key) {
      reads.NoteMiss(Mixed(key), ++misses, kNow);
      reads.NoteSet(Mixed(key), 0);
    }
    if (round % 2 == 0) reads.NoteClear();
    for (uint64_t key = 0; key < 50; ++key) reads.NoteRemoval(Mixed(key));
  }
  const std::optional<HitRatioCurve> curve = reads.Estimate(50, 0, misses);
  ASSERT_TRUE(curve.has_value());
  for (const auto& point : curve->points) EXPECT_EQ(point.hit_ratio, 0);
}

TEST(RecentReadsTest, AnEvictedKeyThatHasExpiredIsAMissAtEverySize) {
  const auto owned = std::make_unique<RecentReads>(100);
  RecentReads& reads = *owned;
  uint64_t misses = 0;
  for (int64_t round = 1; round < 100; ++round) {
    for (uint64_t key = 0; key < 50; ++key) {
      reads.NoteMiss(Mixed(key), ++misses, round * 10'000);
      reads.NoteSet(Mixed(key), round * 10'000 + 1'000);
    }
  }
  const std::optional<HitRatioCurve> curve = reads.Estimate(50, 0, misses);
  ASSERT_TRUE(curve.has_value());
  for (const auto& point : curve->points) EXPECT_EQ(point.hit_ratio, 0);
}

}  // namespace
}  // namespace appcache::policy::policy_recent_reads_test
