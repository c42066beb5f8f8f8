// Background loads, step by step: with an executor that runs its jobs on
// request and a clock that advances when a caller waits.

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "appcache/cache.h"
#include "tests/support/captured_log.h"
#include "tests/support/jumping_clock.h"
#include "tests/support/manual_executor.h"
#include "tests/support/map_cache.h"

namespace appcache::get_via_background_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class GetViaBackgroundTest : public testing::Test {
 protected:
  GetViaBackgroundTest() {
    load_.ttl = seconds(10);
    load_.retry_pause = milliseconds(0);
    load_.executor = executor_;
  }

  // The destructor of the cache waits for jobs that were started.
  void TearDown() override { executor_->DropAll(); }

  CacheOptions Options() const {
    CacheOptions options = log_.options();
    options.load_clock = clock_;
    return options;
  }

  std::string Get(std::string value) {
    return cache_.GetVia(
        key_, [value = std::move(value)] { return value; }, load_);
  }

  std::string GetFailing() {
    return cache_.GetVia(
        key_, []() -> std::string { throw std::out_of_range("down"); }, load_);
  }

  // Stores a stale "old".
  void StoreStale() {
    load_.stale_for = seconds(5);
    ASSERT_TRUE(cache_.Set(key_, "old", seconds(5)).ok());
  }

  // Stores an "old" that is due for refresh.
  void StoreDue() {
    load_.refresh_ahead = seconds(2);
    ASSERT_TRUE(cache_.Set(key_, "old", seconds(2)).ok());
  }

  const std::shared_ptr<JumpingClock> clock_ = std::make_shared<JumpingClock>();
  const std::shared_ptr<ManualExecutor> executor_ =
      std::make_shared<ManualExecutor>();
  CapturedLog log_;
  MapCache cache_{Options(), clock_};
  const Key<std::string> key_{"k"};
  LoadOptions load_;
};

// --- Refresh ahead.

TEST_F(GetViaBackgroundTest, AValueDueForRefreshIsReturnedAndReloaded) {
  StoreDue();
  EXPECT_EQ(Get("new"), "old");
  EXPECT_EQ(cache_.Stats().refreshes, 1u);
  EXPECT_EQ(cache_.Stats().loads, 0u);
  executor_->RunAll();
  EXPECT_EQ(Get("newer"), "new");
  EXPECT_EQ(*cache_.TtlOf(key_), seconds(10));
}

TEST_F(GetViaBackgroundTest, AFreshValueIsNotReloaded) {
  load_.refresh_ahead = seconds(2);
  ASSERT_TRUE(cache_.Set(key_, "old", milliseconds(2001)).ok());
  EXPECT_EQ(Get("new"), "old");
  EXPECT_EQ(executor_->waiting(), 0u);
}

TEST_F(GetViaBackgroundTest, OnlyTheFirstReaderStartsARefresh) {
  StoreDue();
  EXPECT_EQ(Get("new"), "old");
  EXPECT_EQ(Get("other"), "old");
  EXPECT_EQ(executor_->waiting(), 1u);
}

TEST_F(GetViaBackgroundTest, ARefreshThatTheExecutorRefusesIsSkipped) {
  StoreDue();
  executor_->set_room(0);
  EXPECT_EQ(Get("new"), "old");
  EXPECT_EQ(cache_.Stats().refreshes, 0u);
  executor_->set_room(1);
  EXPECT_EQ(Get("new"), "old");
  EXPECT_EQ(cache_.Stats().refreshes, 1u);
}

TEST_F(GetViaBackgroundTest, WithoutAnExecutorARefreshIsSkipped) {
  StoreDue();
  load_.executor = nullptr;
  EXPECT_EQ(Get("new"), "old");
  EXPECT_EQ(cache_.Stats().loads, 0u);
}

TEST_F(GetViaBackgroundTest, AFailedRefreshIsAWarningAndStartsTheRetryPause) {
  load_.retry_pause = seconds(1);
  StoreDue();
  EXPECT_EQ(GetFailing(), "old");
  executor_->RunAll();
  ASSERT_EQ(log_.lines().size(), 1u);
  EXPECT_NE(log_.lines()[0].find("down"), std::string::npos);
  EXPECT_EQ(Get("new"), "old");
  EXPECT_EQ(executor_->waiting(), 0u);
  clock_->Advance(seconds(1));
  EXPECT_EQ(Get("new"), "old");
  EXPECT_EQ(executor_->waiting(), 1u);
}

TEST_F(GetViaBackgroundTest, ADroppedRefreshIsStartedAgain) {
  StoreDue();
  EXPECT_EQ(Get("new"), "old");
  executor_->DropAll();
  EXPECT_EQ(Get("new"), "old");
  executor_->RunAll();
  EXPECT_EQ(Get("newer"), "new");
}

TEST_F(GetViaBackgroundTest, AWriteDuringARefreshWins) {
  StoreDue();
  EXPECT_EQ(Get("new"), "old");
  ASSERT_TRUE(cache_.Set(key_, "written", seconds(10)).ok());
  executor_->RunAll();
  EXPECT_EQ(Get("newer"), "written");
}

// --- soft_timeout.

TEST_F(GetViaBackgroundTest, AfterTheSoftTimeoutTheStaleValueIsReturned) {
  StoreStale();
  load_.soft_timeout = milliseconds(50);
  const TimePoint start = clock_->Now();
  EXPECT_EQ(Get("new"), "old");
  EXPECT_EQ(clock_->Now() - start, milliseconds(50));
  EXPECT_EQ(cache_.Stats().stale_served, 1u);
  EXPECT_EQ(cache_.Stats().loads_timed_out, 1u);
  executor_->RunAll();
  EXPECT_EQ(Get("newer"), "new");
}

TEST_F(GetViaBackgroundTest, WithinTheSoftTimeoutTheNewValueIsReturned) {
  StoreStale();
  load_.soft_timeout = milliseconds(50);
  clock_->set_on_jump([&] { executor_->RunAll(); });
  EXPECT_EQ(Get("new"), "new");
  EXPECT_EQ(cache_.Stats().stale_served, 0u);
  EXPECT_EQ(cache_.Stats().loads_shared, 0u);
}

TEST_F(GetViaBackgroundTest, WithinTheSoftTimeoutAFailureReturnsTheStaleValue) {
  StoreStale();
  load_.soft_timeout = milliseconds(50);
  clock_->set_on_jump([&] { executor_->RunAll(); });
  EXPECT_EQ(GetFailing(), "old");
  EXPECT_EQ(cache_.Stats().loads_timed_out, 0u);
}

TEST_F(GetViaBackgroundTest, ACallerRunsALoadThatTheExecutorRefuses) {
  StoreStale();
  executor_->set_room(0);
  load_.soft_timeout = milliseconds(50);
  EXPECT_EQ(Get("new"), "new");
  EXPECT_EQ(*cache_.Get(key_), "new");
  EXPECT_EQ(cache_.Stats().loads_timed_out, 0u);
}

TEST_F(GetViaBackgroundTest, AnExecutorThatThrowsRefusesTheLoad) {
  class Throwing final : public Executor {
    bool Run(std::function<void()>) override { throw std::bad_alloc(); }
  };
  StoreStale();
  load_.executor = std::make_shared<Throwing>();
  load_.soft_timeout = milliseconds(50);
  EXPECT_EQ(Get("new"), "new");
}

TEST_F(GetViaBackgroundTest, ADroppedLoadReturnsTheStaleValue) {
  StoreStale();
  load_.soft_timeout = milliseconds(50);
  clock_->set_on_jump([&] { executor_->DropAll(); });
  EXPECT_EQ(Get("new"), "old");
  EXPECT_EQ(cache_.Stats().loads_timed_out, 0u);
}

// --- hard_timeout.

TEST_F(GetViaBackgroundTest, AfterTheHardTimeoutLoadTimeoutIsThrown) {
  load_.hard_timeout = milliseconds(70);
  const TimePoint start = clock_->Now();
  EXPECT_THROW(Get("new"), LoadTimeout);
  EXPECT_EQ(clock_->Now() - start, milliseconds(70));
  EXPECT_EQ(cache_.Stats().loads_timed_out, 1u);
  executor_->RunAll();
  EXPECT_EQ(Get("newer"), "new");
}

TEST_F(GetViaBackgroundTest, WithinTheHardTimeoutTheValueIsReturned) {
  load_.hard_timeout = milliseconds(70);
  clock_->set_on_jump([&] { executor_->RunAll(); });
  EXPECT_EQ(Get("new"), "new");
}

TEST_F(GetViaBackgroundTest,
       WithinTheHardTimeoutAnExceptionOfTheLoaderIsPropagated) {
  load_.hard_timeout = milliseconds(70);
  clock_->set_on_jump([&] { executor_->RunAll(); });
  EXPECT_THROW(GetFailing(), std::out_of_range);
}

TEST_F(GetViaBackgroundTest, WithinTheHardTimeoutALoaderMayReturnNotFound) {
  load_.hard_timeout = milliseconds(70);
  clock_->set_on_jump([&] { executor_->RunAll(); });
  EXPECT_EQ(cache_.GetVia(
                key_, [] { return Loaded<std::string>::NotFound(seconds(1)); },
                load_),
            std::nullopt);
  EXPECT_EQ(cache_.Stats().loads, 1u);
}

TEST_F(GetViaBackgroundTest, LaterCallersWaitForTheRunningLoad) {
  load_.hard_timeout = milliseconds(70);
  EXPECT_THROW(Get("first"), LoadTimeout);
  EXPECT_THROW(Get("second"), LoadTimeout);
  clock_->set_on_jump([&] { executor_->RunAll(); });
  EXPECT_EQ(Get("third"), "first");
  EXPECT_EQ(cache_.Stats().loads, 1u);
  EXPECT_EQ(cache_.Stats().loads_shared, 1u);
}

TEST_F(GetViaBackgroundTest, ADroppedLoadThrowsLoadTimeout) {
  load_.hard_timeout = milliseconds(70);
  clock_->set_on_jump([&] { executor_->DropAll(); });
  EXPECT_THROW(Get("new"), LoadTimeout);
  clock_->set_on_jump([&] { executor_->RunAll(); });
  EXPECT_EQ(Get("newer"), "newer");
}

TEST_F(GetViaBackgroundTest, ACallerThatRunsTheLoadHasNoTimeout) {
  executor_->set_room(0);
  load_.hard_timeout = milliseconds(0);
  EXPECT_EQ(Get("new"), "new");
}

// --- Which loaders run in the background.

TEST_F(GetViaBackgroundTest, AMoveOnlyLoaderRunsInTheBackground) {
  load_.hard_timeout = milliseconds(70);
  clock_->set_on_jump([&] { executor_->RunAll(); });
  auto owned = std::make_unique<std::string>("moved");
  EXPECT_EQ(cache_.GetVia(
                key_, [owned = std::move(owned)] { return *owned; }, load_),
            "moved");
}

TEST_F(GetViaBackgroundTest, ALoaderThatCannotBeCopiedIsRunByTheCaller) {
  struct Fixed {
    Fixed() = default;
    Fixed(const Fixed&) = delete;
    Fixed& operator=(const Fixed&) = delete;
    std::string operator()() const { return "here"; }
  };
  load_.hard_timeout = milliseconds(0);
  const Fixed fixed;
  EXPECT_EQ(cache_.GetVia(key_, fixed, load_), "here");
  EXPECT_EQ(executor_->waiting(), 0u);
}

TEST_F(GetViaBackgroundTest, AFunctionPointerIsALoader) {
  load_.hard_timeout = milliseconds(70);
  clock_->set_on_jump([&] { executor_->RunAll(); });
  std::string (*const load)() = +[] { return std::string("function"); };
  EXPECT_EQ(cache_.GetVia(key_, *load, load_), "function");
}

TEST_F(GetViaBackgroundTest, ALoaderThatAsksForItsOwnKeyDoesNotWaitForItself) {
  load_.hard_timeout = milliseconds(70);
  EXPECT_THROW(cache_.GetVia(
                   key_,
                   [this] {
                     return "outer " +
                            cache_.GetVia(key_, [] { return "inner"; });
                   },
                   load_),
               LoadTimeout);
  executor_->RunAll();
  EXPECT_EQ(*cache_.Get(key_), "outer inner");
}

}  // namespace
}  // namespace appcache::get_via_background_test
