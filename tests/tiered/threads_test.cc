// Many threads that miss the same key at once.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include "tests/tiered/tier_fixture.h"

namespace appcache::threads_test {
namespace {

constexpr int kThreads = 64;

class ThreadsTest : public TierFixture {
 protected:
  // Runs `act` in many threads at once.
  template <class Act>
  void Together(const Act& act) {
    std::latch begin(kThreads);
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        begin.arrive_and_wait();
        act();
      });
    }
    for (std::thread& thread : threads) thread.join();
  }

  // Counts asked_ down, then waits for changed_.
  void LetTheFirstGetHang() {
    remote_->set_hook([this](Operation operation, std::string_view) {
      if (operation == Operation::kGet && hangs_.exchange(false)) {
        asked_.count_down();
        changed_.wait();
      }
      return Status();
    });
  }

  std::latch asked_{1};
  std::latch changed_{1};
  std::atomic<bool> hangs_{true};
};

TEST_F(ThreadsTest, OneOfManyThreadsFetchesAKey) {
  Open();
  OthersSet(kPath, "v");
  EXPECT_EQ(
      RemoteCalls([&] { Together([&] { EXPECT_EQ(Get(kPath), "hit:v"); }); }),
      1);
  const TierReport report = tier_->Report();
  EXPECT_EQ(report.copies_stored, 1U);
  EXPECT_EQ(report.local_hits + report.remote_hits, uint64_t{kThreads});
}

TEST_F(ThreadsTest, OneOfManyThreadsLoadsAKey) {
  Open();
  std::atomic<int> loads{0};
  Together([&] {
    EXPECT_EQ(tier_->GetVia(Key<std::string>("k"),
                            [&] {
                              ++loads;
                              return std::string("loaded");
                            }),
              "loaded");
  });
  EXPECT_EQ(loads, 1);
  EXPECT_EQ(remote_->StoredAt(kPath), "loaded");
}

TEST_F(ThreadsTest, AFetchIsNotSharedAfterAChange) {
  Open();
  OthersSet(kPath, "old");
  LetTheFirstGetHang();
  std::thread reader([&] { EXPECT_EQ(Get(kPath), "hit:new"); });
  asked_.wait();
  OthersSet(kPath, "new");
  // Does not wait for the fetch that hangs: that would never end.
  EXPECT_EQ(Get(kPath), "hit:new");
  changed_.count_down();
  reader.join();
  EXPECT_EQ(tier_->Report().copies_discarded, 1U);
}

TEST_F(ThreadsTest, AFetchIsNotSharedAfterAWriteOfAPathThatIsNotCopied) {
  constexpr std::string_view kForeign = "under another prefix";
  Open();
  LetTheFirstGetHang();
  std::thread reader([&] { Get(kForeign); });
  asked_.wait();
  ASSERT_TRUE(raw().SetRaw(kForeign, "new", kNoTtl).ok());
  // Does not wait for the fetch that hangs: that would never end.
  EXPECT_EQ(Get(kForeign), "hit:new");
  changed_.count_down();
  reader.join();
}

TEST_F(ThreadsTest, WithoutNotificationsAnOldFetchIsNotShared) {
  options_.untracked_ttl = milliseconds(100);
  OthersSetUnnotified(kPath, "v");
  OpenUnlinked();
  remote_->LoseLink(Status(ErrorCode::kUnsupported, "refused"));
  LetTheFirstGetHang();
  std::thread reader([&] { Get(kPath); });
  asked_.wait();
  clock_->Advance(options_.untracked_ttl + milliseconds(1));
  // Does not wait for the fetch that hangs: that would never end.
  EXPECT_EQ(Get(kPath), "hit:v");
  changed_.count_down();
  reader.join();
}

TEST_F(ThreadsTest, AReadThatWaitsForAFetchAsksTheRemoteAfterMaxWait) {
  // So that the fetch is recent enough to be shared.
  options_.lease.max_staleness = std::chrono::hours(1);
  Open();
  OthersSet(kPath, "v");
  LetTheFirstGetHang();
  std::thread leader([&] { EXPECT_EQ(Get(kPath), "hit:v"); });
  asked_.wait();
  std::atomic<bool> is_done{false};
  std::thread follower([&] {
    EXPECT_EQ(Get(kPath), "hit:v");
    is_done = true;
  });
  while (!is_done) {
    clock_->Advance(milliseconds(100));
    std::this_thread::yield();
  }
  follower.join();
  EXPECT_EQ(tier_->Report().fetches_shared, 0U);
  EXPECT_EQ(tier_->Report().remote_hits, 1U);
  changed_.count_down();
  leader.join();
}

TEST_F(ThreadsTest, ASharedLastResortCountsAsStale) {
  options_.lease.when_lost = WhenLost::kServeStale;
  Open();
  OthersSet(kPath, "old");
  EXPECT_EQ(Get(kPath), "hit:old");
  remote_->LoseLink();
  remote_->LinkAndHeartbeat();
  down_ = true;
  Together([&] { EXPECT_EQ(Get(kPath), "hit:old"); });
  EXPECT_EQ(tier_->Report().stale_hits, uint64_t{kThreads});
  EXPECT_EQ(tier_->Report().remote_hits, 1U);
  EXPECT_EQ(tier_->Stats().read_errors, 0U);
}

// Reads race with invalidates that fail.
TEST_F(ThreadsTest, NoReadStoresAnEntryWhoseInvalidateHasFailed) {
  options_.breaker.failures = 1'000'000;
  Open();
  remote_->set_hook([&](Operation operation, std::string_view) {
    return down_ && operation == Operation::kInvalidate
               ? Status(ErrorCode::kUnavailable, "down")
               : Status();
  });
  std::atomic<bool> is_over{false};
  std::thread reader([&] {
    while (!is_over) Get(kPath);
  });
  for (int i = 0; i < 2'000; ++i) {
    OthersSet(kPath, "old");
    down_ = true;
    EXPECT_FALSE(raw().InvalidateRaw(kPath).ok());
    EXPECT_EQ(Get(kPath), "error:unavailable");
    down_ = false;
    EXPECT_EQ(Get(kPath), "miss");
  }
  is_over = true;
  reader.join();
}

}  // namespace
}  // namespace appcache::threads_test
