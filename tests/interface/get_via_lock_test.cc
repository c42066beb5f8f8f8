// LoadOptions::process_lock, step by step: the clock advances when a caller
// waits, and the test then acts as the other process.

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "appcache/cache.h"
#include "engine/loading/process_lock.h"
#include "tests/support/captured_log.h"
#include "tests/support/jumping_clock.h"
#include "tests/support/manual_executor.h"
#include "tests/support/map_cache.h"

namespace appcache::get_via_lock_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class GetViaLockTest : public testing::Test {
 protected:
  GetViaLockTest() { load_.process_lock = seconds(10); }

  CacheOptions Options() const {
    CacheOptions options = log_.options();
    options.load_clock = clock_;
    return options;
  }

  std::string Get(const std::string& value) {
    return cache_.GetVia(
        key_,
        [&] {
          ++loads_;
          return value;
        },
        load_);
  }

  void LockByAnother() {
    ASSERT_TRUE(cache_.backend()->SetRaw(lock_, "another's", seconds(10)).ok());
  }

  // Calls `next` after the caller has waited `waits` times.
  void AfterWaits(int waits, std::function<void()> next) {
    clock_->set_on_jump([waits, next = std::move(next)]() mutable {
      if (--waits == 0) next();
    });
  }

  const std::shared_ptr<JumpingClock> clock_ = std::make_shared<JumpingClock>();
  CapturedLog log_;
  MapCache cache_{Options(), clock_};
  const Key<std::string> key_{"k"};
  const std::string path_ = "pyappcache/k";
  const std::string lock_ = path_ + std::string(internal::ProcessLock::kSuffix);
  LoadOptions load_;
  int loads_ = 0;
};

TEST_F(GetViaLockTest, TheLockIsHeldOnlyDuringTheLoad) {
  EXPECT_EQ(cache_.GetVia(
                key_,
                [&] {
                  EXPECT_EQ(cache_.backend()->TtlRaw(lock_).value_or(Ttl(0)),
                            seconds(10));
                  return "loaded";
                },
                load_),
            "loaded");
  EXPECT_EQ(cache_.StoredAt(lock_), "<none>");
  EXPECT_EQ(cache_.Stats().lock_waits, 0u);
}

TEST_F(GetViaLockTest, ALoaderThatThrowsReleasesTheLock) {
  EXPECT_THROW(
      cache_.GetVia(
          key_, []() -> std::string { throw std::out_of_range("x"); }, load_),
      std::out_of_range);
  EXPECT_EQ(cache_.size(), 0u);
}

TEST_F(GetViaLockTest, AHitAcquiresNoLock) {
  ASSERT_TRUE(cache_.Set(key_, "cached").ok());
  LockByAnother();
  EXPECT_EQ(Get("loaded"), "cached");
}

TEST_F(GetViaLockTest, WithoutTheOptionNoLockIsAcquired) {
  load_.process_lock = Ttl(0);
  LockByAnother();
  EXPECT_EQ(Get("loaded"), "loaded");
}

TEST_F(GetViaLockTest, ACallerWaitsForTheValueOfAnotherProcess) {
  LockByAnother();
  AfterWaits(3, [&] {
    ASSERT_TRUE(
        cache_.backend()->SetRaw(path_, "another's value", kNoTtl).ok());
  });
  EXPECT_EQ(Get("loaded"), "another's value");
  EXPECT_EQ(loads_, 0);
  EXPECT_EQ(cache_.StoredAt(lock_), "another's");
  EXPECT_EQ(cache_.Stats().lock_waits, 1u);
}

TEST_F(GetViaLockTest, ACallerLoadsWhenTheLockIsReleasedWithoutAValue) {
  LockByAnother();
  AfterWaits(3,
             [&] { ASSERT_TRUE(cache_.backend()->InvalidateRaw(lock_).ok()); });
  EXPECT_EQ(Get("loaded"), "loaded");
  EXPECT_LT(clock_->Now() - JumpingClock().Now(), seconds(1));
  EXPECT_EQ(cache_.StoredAt(lock_), "<none>");
}

TEST_F(GetViaLockTest, ACallerLoadsWhenTheLockExpires) {
  load_.process_lock = seconds(2);
  LockByAnother();
  EXPECT_EQ(Get("loaded"), "loaded");
  EXPECT_EQ(clock_->Now() - JumpingClock().Now(), seconds(2));
  // The lock of the other process is not released.
  EXPECT_EQ(cache_.StoredAt(lock_), "another's");
}

// The other process stores the value between the read and the lock.
TEST_F(GetViaLockTest, TheHolderOfTheLockLooksInTheCacheAgain) {
  bool first = true;
  cache_.set_hook([&](MapCache::Operation operation, std::string_view path) {
    if (operation == MapCache::Operation::kSet && path == lock_ && first) {
      first = false;
      (void)cache_.backend()->SetRaw(path_, "another's value", kNoTtl).ok();
    }
    return Status();
  });
  EXPECT_EQ(Get("loaded"), "another's value");
  EXPECT_EQ(loads_, 0);
  EXPECT_EQ(cache_.StoredAt(lock_), "<none>");
}

TEST_F(GetViaLockTest, ALockOfAnotherProcessIsNotReleased) {
  EXPECT_EQ(cache_.GetVia(
                key_,
                [&] {
                  clock_->Advance(seconds(10));
                  LockByAnother();
                  return "loaded";
                },
                load_),
            "loaded");
  EXPECT_EQ(cache_.StoredAt(lock_), "another's");
}

TEST_F(GetViaLockTest, ACallerWithAStaleValueDoesNotWaitForTheLock) {
  load_.stale_for = seconds(5);
  ASSERT_TRUE(cache_.Set(key_, "old", seconds(5)).ok());
  LockByAnother();
  EXPECT_EQ(Get("loaded"), "old");
  EXPECT_EQ(loads_, 0);
  EXPECT_EQ(cache_.Stats().stale_served, 1u);
  EXPECT_EQ(cache_.Stats().lock_waits, 0u);
  EXPECT_EQ(clock_->Now(), JumpingClock().Now());
}

TEST_F(GetViaLockTest, ARefreshIsSkippedWhileAnotherProcessLoads) {
  const auto executor = std::make_shared<ManualExecutor>();
  load_.executor = executor;
  load_.refresh_ahead = seconds(5);
  ASSERT_TRUE(cache_.Set(key_, "old", seconds(5)).ok());
  LockByAnother();
  EXPECT_EQ(Get("loaded"), "old");
  executor->RunAll();
  EXPECT_EQ(cache_.Stats().loads, 0u);
  EXPECT_EQ(*cache_.Get(key_), "old");
}

TEST_F(GetViaLockTest, TheHardTimeoutIncludesTheWaitForTheLock) {
  const auto executor = std::make_shared<ManualExecutor>();
  load_.executor = executor;
  load_.hard_timeout = milliseconds(70);
  LockByAnother();
  EXPECT_THROW(cache_.GetVia(
                   key_, [] { return "loaded"; }, load_),
               LoadTimeout);
  EXPECT_EQ(clock_->Now() - JumpingClock().Now(), milliseconds(70));
  executor->DropAll();
}

TEST_F(GetViaLockTest, WithoutAddIfAbsentEveryCallerLoads) {
  class NoAdds final : public MapBackend {
   public:
    using MapBackend::MapBackend;
    Result<bool> AddRaw(std::string_view path, std::string_view value,
                        Ttl ttl) override {
      return Backend::AddRaw(path, value, ttl);
    }
  };
  MapCache cache(std::make_shared<NoAdds>(clock_), Options());
  EXPECT_EQ(cache.GetVia(
                key_, [] { return "loaded"; }, load_),
            "loaded");
  EXPECT_EQ(cache.size(), 1u);
  EXPECT_TRUE(cache.backend()
                  ->AddRaw("p", "v", kNoTtl)
                  .status()
                  .Is(ErrorCode::kUnsupported));
}

TEST_F(GetViaLockTest, ACallerDoesNotWaitForALockWhenTheBackendFails) {
  cache_.set_hook([&](MapCache::Operation, std::string_view) {
    return Status(ErrorCode::kUnavailable, "down");
  });
  EXPECT_EQ(Get("loaded"), "loaded");
  EXPECT_EQ(clock_->Now(), JumpingClock().Now());
}

}  // namespace
}  // namespace appcache::get_via_lock_test
