// What a tier's hook is told.

#include <gtest/gtest.h>

#include <condition_variable>
#include <latch>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/tiered/tier_fixture.h"

namespace appcache {
namespace {

class EventsTest : public TierFixture {
 protected:
  EventsTest() {
    options_.hook = [this](const TierEvent& event) { Take(event); };
  }
  // The hook uses what is below.
  ~EventsTest() override { tier_.reset(); }

  void Take(const TierEvent& event) {
    std::lock_guard<std::mutex> guard(mutex_);
    told_.emplace_back(ToString(event.kind));
    if (!event.detail.empty()) told_.back() += ": " + event.detail;
    changed_.notify_all();
  }

  // The first so many, once they have been told.
  std::vector<std::string> Told(size_t count) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(30),
                      [&] { return told_.size() >= count; });
    return told_;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> told_;  // guarded by mutex_
};

using Strings = std::vector<std::string>;

TEST_F(EventsTest, WhatBecomesOfTheLinkIsTold) {
  OpenUnlinked();
  remote_->Link(WatchMode::kAnnounced);
  remote_->Lose();
  remote_->Link();
  remote_->Lose(Status(ErrorCode::kUnsupported, "refused"));
  EXPECT_EQ(Told(4), (Strings{"announced", "link_lost: cut", "tracking",
                              "untracked: refused"}));
}

TEST_F(EventsTest, TheBreakerAndWhatIsLostAreTold) {
  options_.breaker.failures = 2;
  options_.max_pending = 1;
  Open();
  down_ = true;
  EXPECT_FALSE(tier_->InvalidateRaw("pyappcache/a").ok());
  EXPECT_FALSE(tier_->InvalidateRaw("pyappcache/b").ok());
  down_ = false;
  clock_->Advance(options_.breaker.open_for);
  // This, or the repetition of what is pending, is the probe.
  Get(kPath);
  EXPECT_EQ(Told(4),
            (Strings{"tracking", "breaker_opened",
                     "invalidation_lost: pyappcache/b", "breaker_closed"}));
}

TEST_F(EventsTest, NobodyWaitsForAHookAndWhatItMissesIsCounted) {
  std::latch end(1);
  std::latch begun(1);
  bool is_first = true;
  options_.hook = [&](const TierEvent&) {
    if (std::exchange(is_first, false)) begun.count_down();
    end.wait();
  };
  Open();
  begun.wait();
  OthersSet(kPath, "v");
  EXPECT_EQ(Get(kPath), "hit:v");
  ASSERT_TRUE(tier_->SetRaw(kPath, "new", kNoTtl).ok());
  EXPECT_EQ(Get(kPath), "hit:new");
  constexpr int kLinks = 200;
  for (int i = 0; i < kLinks; ++i) {
    remote_->Lose();
    remote_->LinkAndConfirm();
  }
  // One is being told, and 256 are kept.
  EXPECT_EQ(tier_->Report().events_dropped, 2U * kLinks - 256);
  end.count_down();
  tier_.reset();
}

TEST_F(EventsTest, AHookMayUseTheCacheWhileItIsBeingDestroyed) {
  std::latch begun(1);
  std::string seen;
  const Cache* cache = nullptr;
  options_.hook = [&](const TierEvent&) {
    begun.count_down();
    // Long enough for a destructor that does not wait.
    for (int i = 0; i < 10'000; ++i) std::this_thread::yield();
    seen = cache->Traits().name;
  };
  OpenUnlinked();
  cache = tier_.get();
  remote_->Link();
  begun.wait();
  tier_.reset();
  EXPECT_EQ(seen, "tiered");
}

TEST_F(EventsTest, AHookMayUseTheCacheAndThrow) {
  options_.hook = [this](const TierEvent& event) {
    const std::string found = Get(kPath);
    Take(event);
    throw std::runtime_error(found);
  };
  Open();
  remote_->Lose();
  EXPECT_EQ(Told(2).size(), 2U);
  tier_.reset();
  const Strings lines = log_.lines();
  EXPECT_TRUE(std::any_of(lines.begin(), lines.end(), [](const auto& line) {
    return line.find("the tier's hook threw") != std::string::npos;
  }));
}

TEST_F(EventsTest, DelaysOfConfirmationsAreCountedByTheirLength) {
  Open();
  const TimePoint asked = clock_->Now();
  clock_->Advance(milliseconds(30));
  remote_->ConfirmAsOf(asked);
  const DelayHistogram delays = tier_->Report().confirmation_delays;
  EXPECT_EQ(delays.counts[0], 1U);  // at once, in Open
  EXPECT_EQ(delays.counts[8], 1U);  // above 25 ms, up to 50
  EXPECT_EQ(delays.sum, milliseconds(30));
  EXPECT_EQ(tier_->Report().confirmation_delay, milliseconds(30));
}

}  // namespace
}  // namespace appcache
