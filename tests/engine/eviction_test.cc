// The choice of victims, against a store that is a map. No SQL is involved.

#include "engine/policy/eviction.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace appcache::policy::eviction_test {
namespace {

constexpr uint64_t kNoLimit = UINT64_MAX;

// A store in a map, which counts what eviction asks of it.
class MapTarget final : public EvictionTarget {
 public:
  struct Entry {
    int64_t last_used = 0;
    int64_t bytes = 1;
    int64_t expires_at_ms = 0;
  };

  void Add(int64_t h, const Entry& entry) {
    entries_[h] = entry;
    ++counts_.entries;
    counts_.bytes += entry.bytes;
  }

  std::vector<int64_t> Hashes() const {
    std::vector<int64_t> hashes;
    for (const auto& [h, entry] : entries_) hashes.push_back(h);
    return hashes;
  }
  int64_t LastUsed(int64_t h) const { return entries_.at(h).last_used; }
  int reads() const { return reads_; }
  void FailReads() { fails_ = true; }

  const Counts& counts() const noexcept override { return counts_; }
  void SetCounts(const Counts& counts) noexcept override { counts_ = counts; }

  Result<std::optional<Candidate>> LeastRecent() override {
    ++reads_;
    if (fails_) return Status(ErrorCode::kUnavailable, "I/O error");
    const auto least = std::min_element(
        entries_.begin(), entries_.end(), [](const auto& a, const auto& b) {
          return a.second.last_used < b.second.last_used;
        });
    if (least == entries_.end()) return std::optional<Candidate>();
    return std::optional(
        Candidate{least->first, least->second.last_used, least->second.bytes});
  }

  Result<std::optional<Expiring>> FirstToExpire() override {
    std::optional<Expiring> first;
    for (const auto& [h, entry] : entries_) {
      if (entry.expires_at_ms == 0) continue;
      if (!first || entry.expires_at_ms < first->expires_at_ms) {
        first = Expiring{h, entry.expires_at_ms};
      }
    }
    return first;
  }

  Status WriteAccessOf(const Candidate& candidate, int64_t tick) override {
    EXPECT_GT(tick, candidate.last_used);
    entries_.at(candidate.h).last_used = tick;
    return Status();
  }
  Status RemoveCandidate(const Candidate& candidate) override {
    return Remove(candidate.h);
  }
  Status RemoveExpired(const Expiring& expired) override {
    return Remove(expired.h);
  }
  Status Remove(int64_t h) {
    --counts_.entries;
    counts_.bytes -= entries_.at(h).bytes;
    entries_.erase(h);
    return Status();
  }

 private:
  std::map<int64_t, Entry> entries_;
  Counts counts_;
  int reads_ = 0;
  bool fails_ = false;
};

using Hashes = std::vector<int64_t>;

TEST(EvictionTest, RemovesNothingWithinTheLimits) {
  MapTarget target;
  target.Add(1, {.last_used = 10});
  Evicted evicted;
  ASSERT_TRUE(
      EvictToFit(target, PendingAccesses(), {1, 1}, 0, kNoLimit, evicted).ok());
  EXPECT_EQ(target.Hashes(), Hashes{1});
  EXPECT_EQ(target.reads(), 0);
}

TEST(EvictionTest, RemovesTheLeastRecentlyUsedFirst) {
  MapTarget target;
  target.Add(1, {.last_used = 30});
  target.Add(2, {.last_used = 10});
  target.Add(3, {.last_used = 20});
  Evicted evicted;
  ASSERT_TRUE(EvictToFit(target, PendingAccesses(), {1, std::nullopt}, 0,
                         kNoLimit, evicted)
                  .ok());
  EXPECT_EQ(target.Hashes(), Hashes{1});
  EXPECT_EQ(evicted.removed, (Hashes{2, 3}));
  EXPECT_EQ(evicted.evictions, 2u);
  EXPECT_EQ(evicted.expirations, 0u);
}

TEST(EvictionTest, RemovesUntilTheBytesFit) {
  MapTarget target;
  target.Add(1, {.last_used = 1, .bytes = 4});
  target.Add(2, {.last_used = 2, .bytes = 4});
  target.Add(3, {.last_used = 3, .bytes = 4});
  Evicted evicted;
  ASSERT_TRUE(
      EvictToFit(target, PendingAccesses(), {10, 7}, 0, kNoLimit, evicted)
          .ok());
  EXPECT_EQ(target.Hashes(), Hashes{3});
}

TEST(EvictionTest, RemovesExpiredEntriesBeforeTheLeastRecent) {
  MapTarget target;
  target.Add(1, {.last_used = 1});
  target.Add(2, {.last_used = 2, .expires_at_ms = 50});
  target.Add(3, {.last_used = 3, .expires_at_ms = 51});
  Evicted evicted;
  ASSERT_TRUE(EvictToFit(target, PendingAccesses(), {2, std::nullopt}, 50,
                         kNoLimit, evicted)
                  .ok());
  EXPECT_EQ(target.Hashes(), (Hashes{1, 3}));
  EXPECT_EQ(evicted.expirations, 1u);
  EXPECT_EQ(evicted.evictions, 0u);
}

TEST(EvictionTest, APendingAccessIsWrittenInsteadOfEvictingItsEntry) {
  MapTarget target;
  target.Add(1, {.last_used = 10});
  target.Add(2, {.last_used = 20});
  PendingAccesses pending;
  pending.Add(std::vector<Access>{{1, 30}});
  Evicted evicted;
  ASSERT_TRUE(
      EvictToFit(target, pending, {1, std::nullopt}, 0, kNoLimit, evicted)
          .ok());
  EXPECT_EQ(target.Hashes(), Hashes{1});
  EXPECT_EQ(target.LastUsed(1), 30);
  ASSERT_EQ(evicted.written.size(), 1u);
  EXPECT_EQ(evicted.written[0].h, 1);
  EXPECT_EQ(evicted.written[0].tick, 30);
}

TEST(EvictionTest, AnAccessThatTheStoreHasAlreadyIsNotWritten) {
  MapTarget target;
  target.Add(1, {.last_used = 10});
  target.Add(2, {.last_used = 20});
  PendingAccesses pending;
  pending.Add(std::vector<Access>{{1, 10}});
  Evicted evicted;
  ASSERT_TRUE(
      EvictToFit(target, pending, {1, std::nullopt}, 0, kNoLimit, evicted)
          .ok());
  EXPECT_EQ(target.Hashes(), Hashes{2});
  EXPECT_TRUE(evicted.written.empty());
}

TEST(EvictionTest, StopsAfterTheLargestNumberOfRemovals) {
  MapTarget target;
  for (int64_t h = 1; h <= 5; ++h) target.Add(h, {.last_used = h});
  Evicted evicted;
  ASSERT_TRUE(
      EvictToFit(target, PendingAccesses(), {1, std::nullopt}, 0, 2, evicted)
          .ok());
  EXPECT_EQ(target.Hashes(), (Hashes{3, 4, 5}));
}

TEST(EvictionTest, CorrectsCountsThatSayTheEmptyStoreIsFull) {
  MapTarget target;
  target.SetCounts({100, 1000});
  Evicted evicted;
  ASSERT_TRUE(EvictToFit(target, PendingAccesses(), {1, std::nullopt}, 0,
                         kNoLimit, evicted)
                  .ok());
  EXPECT_EQ(target.counts().entries, 0);
  EXPECT_EQ(target.counts().bytes, 0);
}

TEST(EvictionTest, ReturnsTheErrorOfTheStore) {
  MapTarget target;
  target.Add(1, {});
  target.Add(2, {});
  target.FailReads();
  Evicted evicted;
  EXPECT_TRUE(EvictToFit(target, PendingAccesses(), {1, std::nullopt}, 0,
                         kNoLimit, evicted)
                  .Is(ErrorCode::kUnavailable));
}

TEST(EvictionTest, RemoveExpiredRemovesAtMostSoMany) {
  MapTarget target;
  for (int64_t h = 1; h <= 4; ++h) target.Add(h, {.expires_at_ms = h * 10});
  Evicted evicted;
  ASSERT_TRUE(RemoveExpired(target, 30, 2, evicted).ok());
  EXPECT_EQ(target.Hashes(), (Hashes{3, 4}));
  ASSERT_TRUE(RemoveExpired(target, 30, 2, evicted).ok());
  EXPECT_EQ(target.Hashes(), Hashes{4});
  EXPECT_EQ(evicted.expirations, 3u);
}

}  // namespace
}  // namespace appcache::policy::eviction_test
