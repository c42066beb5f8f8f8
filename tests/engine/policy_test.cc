// The parts of the order of accesses, each alone.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <latch>
#include <map>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "engine/policy/flush_rest.h"
#include "engine/policy/pending_accesses.h"
#include "engine/policy/tick_source.h"

namespace appcache::policy::policy_test {
namespace {

TimePoint At(int64_t microseconds) {
  return TimePoint(std::chrono::microseconds(microseconds));
}

TEST(PendingAccessesTest, TheLatestAccessOfAnEntryCounts) {
  PendingAccesses pending;
  pending.Add(std::vector<Access>{{1, 10}, {2, 20}, {1, 5}});
  EXPECT_EQ(pending.Find(1), 10);
  pending.Add(std::vector<Access>{{1, 30}});
  EXPECT_EQ(pending.Find(1), 30);
  EXPECT_EQ(pending.Find(2), 20);
  EXPECT_EQ(pending.Find(3), std::nullopt);
  EXPECT_EQ(pending.size(), 2u);
  EXPECT_EQ(pending.TakeLost(), 0u);
}

TEST(PendingAccessesTest, SortedIsInTheOrderOfHashes) {
  PendingAccesses pending;
  pending.Add(std::vector<Access>{{5, 1}, {-7, 2}, {0, 3}});
  std::vector<int64_t> hashes;
  for (const Access& access : pending.Sorted()) hashes.push_back(access.h);
  EXPECT_EQ(hashes, (std::vector<int64_t>{-7, 0, 5}));
}

// An entry that was accessed while a flush wrote its earlier access.
TEST(PendingAccessesTest, AnAccessLaterThanTheWrittenOneStays) {
  PendingAccesses pending;
  pending.Add(std::vector<Access>{{1, 10}, {2, 20}});
  const std::vector<Access> written = pending.Sorted();
  pending.Add(std::vector<Access>{{1, 30}, {3, 40}});
  pending.RemoveWritten(written);
  EXPECT_EQ(pending.Find(1), 30);
  EXPECT_EQ(pending.Find(2), std::nullopt);
  EXPECT_EQ(pending.Find(3), 40);
}

TEST(PendingAccessesTest, RemoveEntriesRemovesTheirAccesses) {
  PendingAccesses pending;
  pending.Add(std::vector<Access>{{1, 10}, {2, 20}});
  pending.RemoveEntries(std::vector<int64_t>{1, 7});
  EXPECT_EQ(pending.Find(1), std::nullopt);
  EXPECT_EQ(pending.Find(2), 20);
}

TEST(PendingAccessesTest, LimitedAccessesKeepTheirOrder) {
  PendingAccesses pending;
  pending.Add(
      std::vector<Access>{{1, 900}, {2, 99}, {3, 700}, {4, 98}, {5, 7}});
  pending.LimitTo(100);
  std::map<int64_t, int64_t> ticks;
  for (const Access& access : pending.Sorted()) ticks[access.h] = access.tick;
  EXPECT_EQ(ticks, (std::map<int64_t, int64_t>{
                       {1, 100}, {3, 99}, {2, 98}, {4, 97}, {5, 7}}));
}

TEST(FlushRestTest, IsProportionalToTheFlushAndBounded) {
  using std::chrono::microseconds;
  EXPECT_EQ(RestAfterFlush(microseconds(0)), microseconds(0));
  EXPECT_EQ(RestAfterFlush(microseconds(30)), microseconds(1'500));
  EXPECT_EQ(RestAfterFlush(microseconds(40'000)), microseconds(2'000'000));
  EXPECT_EQ(RestAfterFlush(std::chrono::hours(1)), std::chrono::seconds(5));
  EXPECT_EQ(RestAfterFlush(-std::chrono::hours(1)), microseconds(0));
}

TEST(TickSourceTest, ATickIsTheTimeOfItsAccess) {
  TickSource ticks;
  EXPECT_EQ(ticks.Next(At(1000)), 1000);
  EXPECT_EQ(ticks.Next(At(5000)), 5000);
}

TEST(TickSourceTest, LaterTicksAreLargerWhateverTheClockDoes) {
  TickSource ticks;
  EXPECT_EQ(ticks.Next(At(1000)), 1000);
  EXPECT_EQ(ticks.Next(At(1000)), 1001);
  EXPECT_EQ(ticks.Next(At(10)), 1002);
  ticks.AdvancePast(2000);
  EXPECT_EQ(ticks.Next(At(1500)), 2001);
  ticks.AdvancePast(100);
  EXPECT_EQ(ticks.Next(At(1500)), 2002);
  EXPECT_EQ(ticks.Next(At(3000)), 3000);
}

TEST(TickSourceTest, NoTwoThreadsGetTheSameTick) {
  constexpr int kThreads = 4;
  constexpr int kTicks = 10'000;
  TickSource ticks;
  std::vector<std::vector<int64_t>> drawn(kThreads);
  std::latch start(kThreads);
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      start.arrive_and_wait();
      for (int n = 0; n < kTicks; ++n) drawn[i].push_back(ticks.Next(At(n)));
    });
  }
  threads.clear();
  std::set<int64_t> all;
  for (const std::vector<int64_t>& mine : drawn) {
    EXPECT_TRUE(std::is_sorted(mine.begin(), mine.end()));
    all.insert(mine.begin(), mine.end());
  }
  EXPECT_EQ(all.size(), static_cast<size_t>(kThreads * kTicks));
}

}  // namespace
}  // namespace appcache::policy::policy_test
