// VictimQueue: victims are those of an exact LRU, whatever is accessed between
// two fillings.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "engine/policy/victim_queue.h"
#include "tests/support/allocations.h"
#include "tests/support/random.h"

namespace appcache::policy::policy_victim_queue_test {
namespace {

// Entries and their ticks, with a queue that is used as ResidentEngine uses it.
class Cache {
 public:
  explicit Cache(uint64_t max_entries) : queue_(max_entries) {}

  void Set(int64_t h, int64_t tick) { ticks_[h] = tick; }
  void Remove(int64_t h) { ticks_.erase(h); }
  const std::map<int64_t, int64_t>& ticks() const { return ticks_; }
  VictimQueue& queue() { return queue_; }
  int fillings() const { return fillings_; }

  bool Fill(size_t count) {
    ++fillings_;
    return queue_.Fill(count, [&](const auto& visit) {
      for (const auto& [h, tick] : ticks_) {
        visit(tick, [&h = h] { return h; });
      }
    });
  }
  bool Fill() { return Fill(ticks_.size()); }

  // Removes a victim, as ResidentEngine::EvictOne.
  std::optional<int64_t> EvictOne() {
    for (;;) {
      const VictimQueue::Victim* const front = queue_.Front();
      if (front == nullptr) {
        if (!Fill()) return std::nullopt;
        continue;
      }
      const VictimQueue::Victim victim = *front;
      queue_.Pop();
      const auto found = ticks_.find(victim.h);
      if (found == ticks_.end() || found->second > victim.tick) continue;
      ticks_.erase(found);
      return victim.h;
    }
  }

  // The victim of an exact LRU.
  std::optional<int64_t> Oldest() const {
    const auto oldest = std::min_element(
        ticks_.begin(), ticks_.end(), [](const auto& a, const auto& b) {
          return std::pair(a.second, a.first) < std::pair(b.second, b.first);
        });
    if (oldest == ticks_.end()) return std::nullopt;
    return oldest->first;
  }

  void ExpectVictimsOfLru() {
    while (const std::optional<int64_t> oldest = Oldest()) {
      ASSERT_EQ(EvictOne(), oldest);
    }
    EXPECT_EQ(EvictOne(), std::nullopt);
  }

 private:
  std::map<int64_t, int64_t> ticks_;
  VictimQueue queue_;
  int fillings_ = 0;
};

TEST(VictimQueueTest, IsEmptyWithoutEntries) {
  Cache cache(1000);
  EXPECT_EQ(cache.queue().Front(), nullptr);
  EXPECT_FALSE(cache.Fill());
  EXPECT_EQ(cache.queue().Front(), nullptr);
  EXPECT_FALSE(cache.Fill(1000)) << "there were entries a moment ago";
}

TEST(VictimQueueTest, VictimsComeInTheOrderOfTheirTicks) {
  Cache cache(1000);
  const int64_t ticks[] = {50, 20, 40, 10, 30};
  for (int64_t h = 0; h < 5; ++h) cache.Set(h, ticks[h]);
  EXPECT_TRUE(cache.Fill());
  for (const int64_t tick : {10, 20, 30, 40, 50}) {
    ASSERT_NE(cache.queue().Front(), nullptr);
    EXPECT_EQ(cache.queue().Front()->tick, tick);
    EXPECT_EQ(ticks[cache.queue().Front()->h], tick);
    cache.queue().Pop();
  }
  EXPECT_EQ(cache.queue().Front(), nullptr);
}

TEST(VictimQueueTest, OfEqualTicksTheSmallestHComesFirst) {
  VictimQueue queue(1000);
  queue.Fill(51, [](const auto& visit) {
    for (int64_t h = 50; h >= 0; --h)
      visit(/*tick=*/h == 20 ? 9 : 10, [&] { return h; });
  });
  EXPECT_EQ(queue.Front()->h, 20);
  queue.Pop();
  for (int64_t h = 0; h <= 50; ++h) {
    if (h == 20) continue;
    ASSERT_NE(queue.Front(), nullptr);
    EXPECT_EQ(queue.Front()->h, h);
    queue.Pop();
  }
}

TEST(VictimQueueTest, AnEntryThatWasAccessedIsSkipped) {
  Cache cache(1000);
  for (int64_t h = 0; h < 4; ++h) cache.Set(h, h);
  EXPECT_EQ(cache.EvictOne(), 0);
  cache.Set(1, 100);
  EXPECT_EQ(cache.EvictOne(), 2);
  EXPECT_EQ(cache.EvictOne(), 3);
  EXPECT_EQ(cache.EvictOne(), 1);
}

TEST(VictimQueueTest, ForgetFindsOlderEntries) {
  Cache cache(1000);
  for (int64_t h = 0; h < 4; ++h) cache.Set(h, 10 + h);
  EXPECT_TRUE(cache.Fill());
  cache.Set(4, 1);
  cache.queue().Forget();
  EXPECT_EQ(cache.queue().Front(), nullptr);
  EXPECT_EQ(cache.EvictOne(), 4);
}

TEST(VictimQueueTest, AFillingForgetsTheLastOne) {
  Cache cache(1000);
  cache.Set(1, 10);
  EXPECT_TRUE(cache.Fill());
  cache.Remove(1);
  cache.Set(2, 20);
  EXPECT_TRUE(cache.Fill());
  EXPECT_EQ(cache.queue().Front()->h, 2);
}

TEST(VictimQueueTest, ExtremeTicksKeepTheOrder) {
  Cache cache(1000);
  cache.Set(1, std::numeric_limits<int64_t>::max());
  cache.Set(2, std::numeric_limits<int64_t>::min());
  cache.Set(3, 0);
  for (const int64_t h : {2, 3, 1}) EXPECT_EQ(cache.EvictOne(), h);
}

// --- More entries than the queue takes.

TEST(VictimQueueTest, SeveralFillingsEmptyALargeCache) {
  RandomSource random;
  Cache cache(2000);
  for (int64_t h = 0; h < 2000; ++h) {
    cache.Set(h, static_cast<int64_t>(random.Below(1'000'000)) * 2000 + h);
  }
  cache.ExpectVictimsOfLru();
  EXPECT_GT(cache.fillings(), 2);
}

TEST(VictimQueueTest, AFillingYieldsUsefulNumbersOfVictims) {
  RandomSource random;
  Cache cache(16'000);
  for (int64_t h = 0; h < 16'000; ++h) {
    cache.Set(h, static_cast<int64_t>(random.Bits() >> 1));
  }
  EXPECT_TRUE(cache.Fill());
  int victims = 0;
  for (; cache.queue().Front() != nullptr; cache.queue().Pop()) ++victims;
  EXPECT_GE(victims, 16'000 / 16);
  EXPECT_LE(victims, 16'000 / 2);
}

// Samples come from all of the walk, so an order of ticks does not mislead it.
TEST(VictimQueueTest, TicksMayRiseOrFallWithH) {
  for (const int sign : {1, -1}) {
    Cache cache(2000);
    for (int64_t h = 0; h < 2000; ++h) cache.Set(h, sign * h);
    cache.ExpectVictimsOfLru();
    EXPECT_LE(cache.fillings(), 45);
  }
}

// The count that is passed to Fill is an estimate: with a smaller one, more
// entries are old than the queue takes.
TEST(VictimQueueTest, DropsTheNewerHalfWhenTooManyAreOld) {
  RandomSource random;
  for (const size_t count : {1, 33, 100, 500}) {
    Cache cache(/*max_entries=*/256);
    for (int64_t h = 0; h < 1000; ++h) {
      cache.Set(h, static_cast<int64_t>(random.Below(1'000'000)) * 1000 + h);
    }
    while (const std::optional<int64_t> oldest = cache.Oldest()) {
      if (cache.queue().Front() == nullptr) cache.Fill(count);
      ASSERT_EQ(cache.EvictOne(), oldest) << count;
    }
  }
}

TEST(VictimQueueTest, AllTicksMayBeEqual) {
  Cache cache(2000);
  for (int64_t h = 0; h < 2000; ++h) cache.Set(h, 17);
  for (int i = 0; i < 2000; ++i) ASSERT_NE(cache.EvictOne(), std::nullopt);
  EXPECT_EQ(cache.EvictOne(), std::nullopt);
}

// Of entries with equal ticks, any may be the victim.
TEST(VictimQueueTest, VictimsHaveTheSmallestTickAlsoIfManyAreEqual) {
  RandomSource random;
  for (const uint64_t ticks : {2, 3, 10, 100}) {
    Cache cache(1000);
    for (int64_t h = 0; h < 1000; ++h) {
      cache.Set(h, static_cast<int64_t>(random.Below(ticks)));
    }
    while (const std::optional<int64_t> oldest = cache.Oldest()) {
      const std::map<int64_t, int64_t> before = cache.ticks();
      const std::optional<int64_t> victim = cache.EvictOne();
      ASSERT_TRUE(victim.has_value());
      ASSERT_EQ(before.at(*victim), before.at(*oldest));
    }
  }
}

// --- Ticks that change during a filling.

TEST(VictimQueueTest, AccessesDuringAFillingDoNotChangeTheOrder) {
  RandomSource random;
  std::map<int64_t, int64_t> ticks;
  for (int64_t h = 0; h < 1000; ++h) ticks[h] = h * 7 % 1000;
  int64_t now = 1000;
  VictimQueue queue(1000);
  for (int round = 0; round < 100; ++round) {
    queue.Fill(ticks.size(), [&](const auto& visit) {
      for (auto& [h, tick] : ticks) {
        visit(tick, [&h = h] { return h; });
        if (random.Below(4) == 0) ticks[random.Below(1000)] = now++;
      }
    });
    // The first that was not accessed since is the oldest.
    while (queue.Front() != nullptr &&
           ticks[queue.Front()->h] > queue.Front()->tick) {
      queue.Pop();
    }
    if (queue.Front() == nullptr) continue;
    for (const auto& [h, tick] : ticks) {
      ASSERT_GE(tick, queue.Front()->tick) << h;
    }
  }
}

// --- Random use.

TEST(VictimQueueTest, VictimsAreThoseOfAnExactLru) {
  RandomSource random;
  for (const uint64_t max_entries : {1, 10, 100, 1000, 3000}) {
    Cache cache(max_entries);
    int64_t now = 0;
    for (int i = 0; i < 4000; ++i) {
      const auto h = static_cast<int64_t>(random.Below(2 * max_entries));
      const uint64_t kind = random.Below(100);
      if (kind < 5) {
        cache.Remove(h);
      } else if (kind < 50 && cache.ticks().contains(h)) {
        cache.Set(h, ++now);  // an access
      } else {
        while (cache.ticks().size() >= max_entries) {
          const std::optional<int64_t> oldest = cache.Oldest();
          ASSERT_EQ(cache.EvictOne(), oldest) << max_entries;
        }
        cache.Set(h, ++now);
      }
    }
    cache.ExpectVictimsOfLru();
  }
}

TEST(VictimQueueTest, AllocatesInTheConstructorOnly) {
  RandomSource random;
  constexpr size_t kEntries = 5000;
  std::vector<int64_t> ticks(kEntries);
  for (int64_t& tick : ticks) tick = static_cast<int64_t>(random.Bits() >> 1);
  VictimQueue queue(256);
  const AllocationCounter counter;
  for (const size_t count : {kEntries, kEntries / 2, size_t{1}}) {
    queue.Fill(count, [&](const auto& visit) {
      for (size_t i = 0; i < kEntries; ++i) {
        visit(ticks[i], [&] { return static_cast<int64_t>(i); });
      }
    });
    EXPECT_NE(queue.Front(), nullptr);
    for (int i = 0; i < 10; ++i) queue.Pop();
    queue.Forget();
  }
  EXPECT_EQ(counter.count(), 0u);
}

// A limit by bytes alone allows any number of entries.
TEST(VictimQueueTest, TheQueueOfAnUnlimitedCacheIsBounded) {
  const AllocationCounter counter;
  const VictimQueue queue(std::numeric_limits<uint64_t>::max());
  EXPECT_LE(counter.bytes(), 512u << 10);
}

}  // namespace
}  // namespace appcache::policy::policy_victim_queue_test
