// The retry queue: invalidations that failed, and the writes that meet them.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <latch>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/tiered/tier_fixture.h"

namespace appcache::retry_test {
namespace {

class RetryTest : public TierFixture {
 protected:
  // Moves the clock, which makes the tier's thread retry, until the retry queue
  // has no more than `left` paths.
  void AwaitRetries(uint64_t left = 0) {
    const auto patience =
        std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (tier_->Report().invalidations_queued > left) {
      ASSERT_LT(std::chrono::steady_clock::now(), patience);
      clock_->Advance(options_.breaker.open_for);
      std::this_thread::yield();
    }
  }
};

TEST_F(RetryTest, AFailedInvalidateIsAnErrorAndIsRetried) {
  Open();
  OthersSet(kPath, "old");
  EXPECT_EQ(Get(kPath), "hit:old");
  down_ = true;
  EXPECT_TRUE(raw().InvalidateRaw(kPath).Is(ErrorCode::kUnavailable));
  EXPECT_EQ(tier_->Report().invalidations_queued, 1U);
  EXPECT_FALSE(tier_->coherent());
  EXPECT_EQ(Get(kPath), "error:unavailable");
  EXPECT_EQ(remote_->StoredAt(kPath), "old");
  down_ = false;
  AwaitRetries();
  EXPECT_EQ(remote_->StoredAt(kPath), "<none>");
  remote_->Heartbeat();
  EXPECT_TRUE(tier_->coherent());
}

TEST_F(RetryTest, AQueuedPathIsNotWalkedAndGetsNoNewTtl) {
  Open();
  OthersSet(kPath, "old");
  OthersSet("pyappcache/other", "value");
  down_ = true;
  EXPECT_FALSE(raw().InvalidateRaw(kPath).ok());
  down_ = false;
  std::vector<std::string> paths;
  EXPECT_TRUE(raw()
                  .WalkRaw({},
                           [&](const WalkedEntry& entry) {
                             paths.emplace_back(entry.path);
                             return true;
                           })
                  .ok());
  EXPECT_EQ(paths, std::vector<std::string>{"pyappcache/other"});
  EXPECT_FALSE(*raw().SetTtlRaw(kPath, Ttl(1000)));
  EXPECT_EQ(remote_->StoredAt(kPath), "<none>");
}

TEST_F(RetryTest, AFailedNewTtlIsNotRetried) {
  Open();
  OthersSet(kPath, "value");
  down_ = true;
  EXPECT_FALSE(raw().SetTtlRaw(kPath, Ttl(1000)).ok());
  EXPECT_EQ(tier_->Report().invalidations_queued, 0U);
  down_ = false;
  remote_->Heartbeat();
  EXPECT_EQ(Get(kPath), "hit:value");
}

TEST_F(RetryTest, AReadOfAQueuedPathDoesNotSeeTheOldValue) {
  Open();
  OthersSet(kPath, "old");
  down_ = true;
  EXPECT_FALSE(raw().InvalidateRaw(kPath).ok());
  down_ = false;
  EXPECT_EQ(Get(kPath), "miss");
  EXPECT_EQ(remote_->StoredAt(kPath), "<none>");
}

TEST_F(RetryTest, AfterAFailedSetTheOldValueIsNotVisible) {
  Open();
  OthersSet(kPath, "old");
  EXPECT_EQ(Get(kPath), "hit:old");
  down_ = true;
  EXPECT_FALSE(raw().SetRaw(kPath, "new", kNoTtl).ok());
  down_ = false;
  EXPECT_EQ(Get(kPath), "miss");
}

TEST_F(RetryTest, ASetThatSucceedsRemovesThePathFromTheQueue) {
  Open();
  down_ = true;
  EXPECT_FALSE(raw().InvalidateRaw(kPath).ok());
  down_ = false;
  ASSERT_TRUE(raw().SetRaw(kPath, "new", kNoTtl).ok());
  EXPECT_EQ(tier_->Report().invalidations_queued, 0U);
  EXPECT_EQ(Get(kPath), "hit:new");
}

// A reader may run between the drops of two copies of a batch.
TEST_F(RetryTest, AFailedBatchIsQueuedBeforeItsCopiesAreDropped) {
  Open();
  const std::string_view paths[] = {kPath, "pyappcache/other"};
  for (const std::string_view path : paths) {
    OthersSet(path, "old");
    EXPECT_EQ(Get(path), "hit:old");
  }
  during_drop_ = [&] {
    during_drop_ = [&] {
      down_ = false;
      std::thread([&] { EXPECT_EQ(Get(kPath), "miss"); }).join();
    };
  };
  down_ = true;
  EXPECT_FALSE(raw().InvalidateManyRaw(paths).ok());
  EXPECT_FALSE(during_drop_);
  EXPECT_EQ(Get(kPath), "miss");
}

TEST_F(RetryTest, AFailedBatchIsQueuedThoughItsFirstEntryIsRejected) {
  remote_->set_hook([](Operation, std::string_view path) {
    return path == kPath ? Status(ErrorCode::kTooLarge, "too large")
                         : Status(ErrorCode::kTimeout, "late");
  });
  Open();
  const RawEntry entries[] = {{kPath, "1"}, {"pyappcache/other", "2"}};
  EXPECT_TRUE(raw().SetManyRaw(entries).Is(ErrorCode::kTimeout));
  EXPECT_EQ(tier_->Report().invalidations_queued, 2U);
}

// The entry may be that of another client, whose add has succeeded.
TEST_F(RetryTest, AFailedAddRemovesNothing) {
  Open();
  OthersSet(kPath, "others");
  down_ = true;
  EXPECT_FALSE(raw().AddRaw(kPath, "own", kNoTtl).ok());
  EXPECT_EQ(tier_->Report().invalidations_queued, 0U);
  down_ = false;
  EXPECT_EQ(Get(kPath), "hit:others");
}

TEST_F(RetryTest, ARejectedEntryDoesNotAffectTheOthersOfItsBatch) {
  remote_->set_hook([&](Operation operation, std::string_view path) {
    if (operation == Operation::kGet || path != kPath) return Status();
    return Status(ErrorCode::kTooLarge, "too large");
  });
  Open();
  const RawEntry entries[] = {{"pyappcache/a", "1"},
                              {"pyappcache/b", "2"},
                              {kPath, "3"},
                              {"pyappcache/c", "4"},
                              {"pyappcache/d", "5"}};
  EXPECT_TRUE(raw().SetManyRaw(entries).Is(ErrorCode::kTooLarge));
  EXPECT_EQ(tier_->Report().invalidations_queued, 0U);
  EXPECT_EQ(Get("pyappcache/a"), "hit:1");
  EXPECT_EQ(Get("pyappcache/d"), "hit:5");
  const std::string_view paths[] = {"pyappcache/a", kPath, "pyappcache/d"};
  EXPECT_TRUE(raw().InvalidateManyRaw(paths).Is(ErrorCode::kTooLarge));
  EXPECT_EQ(tier_->Report().invalidations_queued, 0U);
  EXPECT_EQ(Get("pyappcache/a"), "miss");
  EXPECT_EQ(Get("pyappcache/d"), "miss");
}

// The retry must not reach the remote after the write.
TEST_F(RetryTest, AWriteWaitsForARetryInFlight) {
  std::mutex mutex;
  std::condition_variable changed;
  bool is_retrying = false;
  bool has_written = false;
  remote_->set_hook([&](Operation operation, std::string_view) {
    if (down_.exchange(false)) return Status(ErrorCode::kTimeout, "late");
    std::unique_lock<std::mutex> lock(mutex);
    (operation == Operation::kSet ? has_written : is_retrying) = true;
    changed.notify_all();
    if (operation == Operation::kInvalidate) {
      EXPECT_FALSE(changed.wait_for(lock, milliseconds(50),
                                    [&] { return has_written; }));
    }
    return Status();
  });
  Open();
  down_ = true;
  EXPECT_FALSE(raw().InvalidateRaw(kPath).ok());
  clock_->Advance(options_.breaker.open_for);
  {
    std::unique_lock<std::mutex> lock(mutex);
    changed.wait(lock, [&] { return is_retrying; });
  }
  EXPECT_TRUE(raw().SetRaw(kPath, "new", kNoTtl).ok());
  EXPECT_EQ(Get(kPath), "hit:new");
  EXPECT_EQ(tier_->Report().invalidations_queued, 0U);
}

TEST_F(RetryTest, AWriteThatWaitsForARetryIsBusyAfterMaxWait) {
  std::latch is_retrying(1);
  std::latch may_end(1);
  remote_->set_hook([&](Operation operation, std::string_view) {
    if (down_.exchange(false)) return Status(ErrorCode::kTimeout, "late");
    if (operation == Operation::kInvalidate) {
      is_retrying.count_down();
      may_end.wait();
    }
    return Status();
  });
  Open();
  down_ = true;
  EXPECT_FALSE(raw().InvalidateRaw(kPath).ok());
  clock_->Advance(options_.breaker.open_for);
  is_retrying.wait();
  std::atomic<bool> is_busy{false};
  std::thread writer([&] {
    EXPECT_TRUE(raw().SetRaw(kPath, "new", kNoTtl).Is(ErrorCode::kBusy));
    is_busy = true;
  });
  while (!is_busy) {
    clock_->Advance(milliseconds(100));
    std::this_thread::yield();
  }
  writer.join();
  may_end.count_down();
  AwaitRetries();
  EXPECT_EQ(Get(kPath), "miss");
}

TEST_F(RetryTest, ARejectedRetryDoesNotBlockTheOthers) {
  remote_->set_hook([&](Operation, std::string_view path) {
    if (down_) return Status(ErrorCode::kUnavailable, "down");
    return path == "pyappcache/rejected"
               ? Status(ErrorCode::kUnsupported, "not this one")
               : Status();
  });
  Open();
  down_ = true;
  const std::string_view paths[] = {"pyappcache/a", "pyappcache/rejected",
                                    "pyappcache/b", "pyappcache/c"};
  for (const std::string_view path : paths) {
    EXPECT_FALSE(raw().InvalidateRaw(path).ok());
  }
  down_ = false;
  AwaitRetries(/*left=*/1);
  EXPECT_EQ(Get("pyappcache/a"), "miss");
  EXPECT_EQ(Get("pyappcache/rejected"), "error:unsupported");
}

TEST_F(RetryTest, ThePathsInTheRetryQueueAreDistinctAndBounded) {
  options_.max_pending = 2;
  Open();
  down_ = true;
  for (const std::string_view path :
       {"pyappcache/a", "pyappcache/b", "pyappcache/a", "pyappcache/c"}) {
    EXPECT_FALSE(raw().InvalidateRaw(path).ok());
  }
  EXPECT_EQ(tier_->Report().invalidations_queued, 2U);
  EXPECT_EQ(tier_->Report().invalidations_lost, 1U);
  EXPECT_FALSE(raw().InvalidateRaw("pyappcache/d").ok());
  const std::vector<std::string> lines = log_.lines();
  EXPECT_EQ(std::count_if(lines.begin(), lines.end(),
                          [](const std::string& line) {
                            return line.find("max_pending") !=
                                   std::string::npos;
                          }),
            1);
}

}  // namespace
}  // namespace appcache::retry_test
