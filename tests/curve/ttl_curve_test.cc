// TtlCurve, compared with a list of entries that expire.

#include "tools/curve/ttl_curve.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <list>
#include <vector>

#include "tests/support/random.h"

namespace appcache::curve::ttl_curve_test {
namespace {

TEST(TtlCurveTest, AnAccessAfterTheExpiryIsAMiss) {
  TtlCurve curve;
  curve.Request(1, 0, 10);
  curve.Request(1, 9, 10);   // a hit, which does not renew the ttl
  curve.Request(1, 10, 10);  // a miss, which does
  curve.Request(1, 19, 10);
  curve.Request(2, 20, 0);
  curve.Request(2, 1'000'000, 0);
  EXPECT_EQ(curve.curve().requests(), 6u);
  EXPECT_EQ(curve.curve().most_hits(), 3);
}

TEST(TtlCurveTest, AnExpiredEntryMakesRoomForTheNextOne) {
  TtlCurve curve;
  curve.Request(1, 0, 0);
  curve.Request(2, 0, 5);
  curve.Request(3, 10, 0);  // two entries have room for 1 and 3
  curve.Request(1, 10, 0);
  EXPECT_EQ(curve.curve().Hits(1), 0);
  EXPECT_EQ(curve.curve().Hits(2), 1);
}

TEST(TtlCurveTest, ASetRenewsTheTtlAndARemovalEndsIt) {
  TtlCurve curve;
  curve.Insert(1, 0, 10);
  curve.Insert(1, 8, 10);
  curve.Request(1, 17, 10);  // a hit
  curve.Remove(1, 17);
  curve.Insert(1, 17, 0);
  curve.Request(1, 100, 0);  // a hit: the expiry of 18 is not its own
  EXPECT_EQ(curve.curve().requests(), 2u);
  EXPECT_EQ(curve.curve().most_hits(), 2);
}

TEST(TtlCurveTest, TheTimeDoesNotGoBack) {
  TtlCurve curve;
  curve.Request(1, 100, 10);
  curve.Request(2, 50, 10);  // as if at 100
  curve.Request(2, 105, 10);
  curve.Request(1, INT64_MAX, INT64_MAX);
  EXPECT_EQ(curve.curve().most_hits(), 1);
}

// Each set and each load of a key gives it an expiry, often the one it had.
TEST(TtlCurveTest, MemoryDependsOnTheKeysNotOnTheRequests) {
  constexpr uint64_t kKeys = 10;
  constexpr int64_t kTtl = 1'000'000;
  TtlCurve curve;
  size_t most = 0;
  int64_t now = 0;
  for (uint64_t i = 0; i < 50'000; ++i) {
    const uint64_t key = i % kKeys;
    if (key == 0 && i % 100 == 0) ++now;
    if (i / kKeys % 2 == 0) {
      curve.Insert(key, now, kTtl);
    } else {
      curve.Remove(key, now);
      curve.Request(key, now, kTtl);
    }
    most = std::max(most, curve.expiries());
  }
  EXPECT_LE(most, 2 * kKeys + TtlCurve::kMostStale + 1);
  EXPECT_EQ(curve.curve().most_hits(), 0);
  // The last expiries are those that count.
  for (uint64_t key = 0; key < kKeys; ++key) curve.Request(key, kTtl, 0);
  EXPECT_EQ(curve.curve().most_hits(), kKeys);
  for (uint64_t key = 0; key < kKeys; ++key) curve.Request(key, kTtl + now, 0);
  EXPECT_EQ(curve.curve().most_hits(), kKeys);
  EXPECT_EQ(curve.expiries(), 0u);
}

// Also when the keys that had an expiry are gone, and others have none.
TEST(TtlCurveTest, ExpiriesOfRemovedKeysAreForgotten) {
  TtlCurve curve;
  for (uint64_t key = 0; key < 20'000; ++key) curve.Insert(key, 0, 1000);
  for (uint64_t key = 0; key < 20'000; ++key) curve.Remove(key, 1);
  curve.Request(1, 2, 0);
  EXPECT_LE(curve.expiries(), TtlCurve::kMostStale);
  curve.Request(1, 2000, 0);
  EXPECT_EQ(curve.curve().most_hits(), 1);
}

// An LRU of a capacity.
class Model {
 public:
  explicit Model(size_t capacity) : capacity_(capacity) {}

  // Whether it is a hit; a miss is inserted.
  bool Request(uint64_t key, int64_t now, int64_t expiry) {
    std::erase_if(entries_,
                  [&](const Entry& entry) { return entry.expiry <= now; });
    const auto found =
        std::find_if(entries_.begin(), entries_.end(),
                     [&](const Entry& entry) { return entry.key == key; });
    if (found != entries_.end()) {
      entries_.splice(entries_.begin(), entries_, found);
      return true;
    }
    entries_.push_front({key, expiry});
    if (entries_.size() > capacity_) entries_.pop_back();
    return false;
  }

 private:
  struct Entry {
    uint64_t key;
    int64_t expiry;
  };
  const size_t capacity_;
  std::list<Entry> entries_;
};

// All entries of a key expire at a multiple of its period, so that they do at
// each capacity, whenever they were loaded.
TEST(TtlCurveTest, HitsAreThoseOfAnLruOfEachCapacity) {
  RandomSource random;
  TtlCurve curve;
  std::vector<Model> models;
  constexpr size_t kMostEntries = 40;
  for (size_t i = 1; i <= kMostEntries; ++i) models.emplace_back(i);
  std::vector<int> hits(kMostEntries, 0);
  int64_t now = 0;
  for (int i = 0; i < 5000; ++i) {
    now += static_cast<int64_t>(random.Below(3));
    const uint64_t key = std::min(random.Below(60), random.Below(60));
    const int64_t period = 50 + static_cast<int64_t>(key);
    const int64_t expiry = (now / period + 1) * period;
    curve.Request(key, now, expiry - now);
    for (size_t m = 0; m < models.size(); ++m) {
      hits[m] += models[m].Request(key, now, expiry) ? 1 : 0;
    }
  }
  for (size_t i = 0; i < kMostEntries; ++i) {
    ASSERT_EQ(curve.curve().Hits(i + 1), hits[i]) << i + 1;
  }
}

}  // namespace
}  // namespace appcache::curve::ttl_curve_test
