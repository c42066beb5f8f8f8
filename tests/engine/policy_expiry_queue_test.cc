// ExpiryQueue: the first entry to expire, with bounded memory.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <new>
#include <set>
#include <utility>
#include <vector>

#include "engine/policy/expiry_queue.h"
#include "tests/support/allocations.h"
#include "tests/support/random.h"

namespace appcache::policy::policy_expiry_queue_test {
namespace {

using Item = ExpiryQueue::Item;
using Pair = std::pair<int64_t, int64_t>;

constexpr auto kAllCurrent = [](const Item&) { return true; };

void Add(ExpiryQueue& queue, const Item& item) {
  queue.Reserve(1, kAllCurrent);
  queue.Add(item);
}

// Everything, in the order in which it comes.
std::vector<Pair> TakeAll(ExpiryQueue& queue) {
  std::vector<Pair> taken;
  while (const Item* const first = queue.First()) {
    taken.emplace_back(first->expires_at_ms, first->h);
    queue.RemoveFirst();
  }
  return taken;
}

// The expiry times of entries, and a queue of them.
class Entries {
 public:
  void Set(int64_t h, int64_t expires_at_ms) {
    queue_.Reserve(1, [this](const Item& item) { return IsCurrent(item); });
    times_[h] = expires_at_ms;
    queue_.Add({expires_at_ms, h});
  }
  void Remove(int64_t h) { times_.erase(h); }

  // The first item that is current; others are removed.
  const Item* First() {
    while (queue_.First() != nullptr && !IsCurrent(*queue_.First())) {
      queue_.RemoveFirst();
    }
    return queue_.First();
  }

  const std::map<int64_t, int64_t>& times() const { return times_; }
  const ExpiryQueue& queue() const { return queue_; }

 private:
  bool IsCurrent(const Item& item) const {
    const auto found = times_.find(item.h);
    return found != times_.end() && found->second == item.expires_at_ms;
  }

  std::map<int64_t, int64_t> times_;
  ExpiryQueue queue_;
};

TEST(ExpiryQueueTest, IsEmptyAtFirstWithoutMemory) {
  const ExpiryQueue queue;
  EXPECT_EQ(queue.First(), nullptr);
  EXPECT_EQ(queue.memory_bytes(), 0u);
}

TEST(ExpiryQueueTest, ItemsComeInTheOrderOfTheirTimes) {
  ExpiryQueue queue;
  for (const int64_t time : {30, 10, 50, 20, 40}) Add(queue, {time, -time});
  EXPECT_EQ(TakeAll(queue),
            (std::vector<Pair>{
                {10, -10}, {20, -20}, {30, -30}, {40, -40}, {50, -50}}));
}

TEST(ExpiryQueueTest, OfEqualTimesTheSmallestHComesFirst) {
  ExpiryQueue queue;
  for (const int64_t h : {3, -1, 7, 5}) Add(queue, {10, h});
  EXPECT_EQ(TakeAll(queue),
            (std::vector<Pair>{{10, -1}, {10, 3}, {10, 5}, {10, 7}}));
}

TEST(ExpiryQueueTest, ExtremeTimesKeepTheOrder) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  ExpiryQueue queue;
  for (const int64_t time : {kMost, int64_t{1}, kMost - 1}) {
    Add(queue, {time, 0});
  }
  EXPECT_EQ(TakeAll(queue),
            (std::vector<Pair>{{1, 0}, {kMost - 1, 0}, {kMost, 0}}));
}

TEST(ExpiryQueueTest, ManyItemsComeInOrder) {
  RandomSource random;
  ExpiryQueue queue;
  std::vector<Pair> expected;
  for (int64_t h = 0; h < 2000; ++h) {
    expected.emplace_back(random.Below(500), h);
    Add(queue, {expected.back().first, h});
  }
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(TakeAll(queue), expected);
}

TEST(ExpiryQueueTest, ClearRemovesEverything) {
  ExpiryQueue queue;
  Add(queue, {10, 1});
  queue.Clear();
  EXPECT_EQ(queue.First(), nullptr);
  Add(queue, {20, 2});
  EXPECT_EQ(TakeAll(queue), (std::vector<Pair>{{20, 2}}));
}

TEST(ExpiryQueueTest, AddAllocatesNothingAfterReserve) {
  ExpiryQueue queue;
  queue.Reserve(100, kAllCurrent);
  EXPECT_EQ(queue.memory_bytes() % sizeof(Item), 0u);
  EXPECT_GE(queue.memory_bytes(), 100 * sizeof(Item));
  const AllocationCounter counter;
  for (int64_t h = 0; h < 100; ++h) queue.Add({100 - h, h});
  EXPECT_EQ(counter.count(), 0u);
}

TEST(ExpiryQueueTest, ReserveWithoutMemoryKeepsTheItems) {
  ExpiryQueue queue;
  for (const int64_t time : {30, 10, 20}) Add(queue, {time, time});
  {
    const FailingAllocations failing(1, 1);
    EXPECT_THROW(queue.Reserve(1000, kAllCurrent), std::bad_alloc);
  }
  EXPECT_EQ(TakeAll(queue), (std::vector<Pair>{{10, 10}, {20, 20}, {30, 30}}));
}

// --- Items whose entry expires at another time, or is gone.

TEST(ExpiryQueueTest, ReserveRemovesTheOthersWhenTheQueueIsFull) {
  ExpiryQueue queue;
  queue.Reserve(64, kAllCurrent);
  const size_t memory = queue.memory_bytes();
  const auto full = static_cast<int64_t>(memory / sizeof(Item));
  for (int64_t i = full; i > 0; --i) queue.Add({i, i});
  queue.Reserve(1, [](const Item& item) { return item.h % 4 == 0; });
  EXPECT_EQ(queue.memory_bytes(), memory);
  std::vector<Pair> expected;
  for (int64_t i = 4; i <= full; i += 4) expected.emplace_back(i, i);
  EXPECT_EQ(TakeAll(queue), expected);
}

TEST(ExpiryQueueTest, ReserveLooksAtItemsOnlyWhenTheQueueIsFull) {
  ExpiryQueue queue;
  size_t looks = 0;
  const auto look = [&](const Item&) {
    ++looks;
    return true;
  };
  constexpr size_t kItems = 10'000;
  for (size_t i = 0; i < kItems; ++i) {
    queue.Reserve(1, look);
    queue.Add({static_cast<int64_t>(i), 0});
  }
  EXPECT_LE(looks, 2 * kItems);
}

// Most items are current, and the others come one by one.
TEST(ExpiryQueueTest, ReserveLooksAtItemsSeldomWhenMostAreCurrent) {
  constexpr int64_t kCurrent = 1000;
  ExpiryQueue queue;
  size_t looks = 0;
  constexpr size_t kItems = 20'000;
  for (size_t i = 0; i < kItems; ++i) {
    queue.Reserve(1, [&](const Item& item) {
      ++looks;
      return item.h < kCurrent;
    });
    queue.Add({0, static_cast<int64_t>(i)});
  }
  EXPECT_LE(looks, 4 * kItems);
  EXPECT_LE(queue.memory_bytes(), 8 * kCurrent * sizeof(Item));
}

TEST(ExpiryQueueTest, AnEntryThatIsSetAgainNeedsBoundedMemory) {
  Entries entries;
  for (int i = 0; i < 10'000; ++i) {
    entries.Set(1, 1000 + i);
    ASSERT_LE(entries.queue().memory_bytes(), 16 * sizeof(Item)) << i;
  }
  ASSERT_NE(entries.First(), nullptr);
  EXPECT_EQ(entries.First()->expires_at_ms, 10'999);
}

TEST(ExpiryQueueTest, AnEntryThatIsSetAgainToTheSameTimeNeedsBoundedMemory) {
  Entries entries;
  for (int i = 0; i < 10'000; ++i) {
    entries.Set(1, 1000);
    ASSERT_LE(entries.queue().memory_bytes(), 16 * sizeof(Item)) << i;
  }
}

TEST(ExpiryQueueTest, TheFirstCurrentItemIsThatOfTheEntryThatExpiresFirst) {
  RandomSource random;
  Entries entries;
  size_t most = 0;
  for (int i = 0; i < 10'000; ++i) {
    const auto h = static_cast<int64_t>(random.Below(100));
    if (random.Below(3) == 0) {
      entries.Remove(h);
    } else {
      entries.Set(h, static_cast<int64_t>(random.Below(1'000'000)));
    }
    most = std::max(most, entries.queue().memory_bytes());
    std::set<Pair> expected;
    for (const auto& [each, time] : entries.times()) {
      expected.emplace(time, each);
    }
    const Item* const first = entries.First();
    if (expected.empty()) {
      ASSERT_EQ(first, nullptr);
      continue;
    }
    ASSERT_NE(first, nullptr);
    ASSERT_EQ(Pair(first->expires_at_ms, first->h), *expected.begin());
  }
  EXPECT_LE(most, 512 * sizeof(Item));
}

}  // namespace
}  // namespace appcache::policy::policy_expiry_queue_test
