// The events that a tier's hook receives.

#include <gtest/gtest.h>

#include <condition_variable>
#include <latch>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/tiered/tier_fixture.h"

namespace appcache::events_test {
namespace {

class EventsTest : public TierFixture {
 protected:
  EventsTest() {
    options_.hook = [this](const TierEvent& event) { Receive(event); };
  }
  // The hook uses the members below.
  ~EventsTest() override { tier_.reset(); }

  void Receive(const TierEvent& event) {
    std::lock_guard<std::mutex> guard(mutex_);
    received_.emplace_back(ToString(event.kind));
    if (!event.detail.empty()) received_.back() += ": " + event.detail;
    changed_.notify_all();
  }

  // Waits until the hook has received `count` events, and returns all.
  std::vector<std::string> Received(size_t count) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(60),
                      [&] { return received_.size() >= count; });
    return received_;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> received_;  // guarded by mutex_
};

using Strings = std::vector<std::string>;

TEST_F(EventsTest, TheHookReceivesChangesOfTheLink) {
  OpenUnlinked();
  remote_->Link(WatchMode::kAnnounced);
  remote_->LoseLink();
  remote_->Link();
  remote_->LoseLink(Status(ErrorCode::kUnsupported, "refused"));
  EXPECT_EQ(Received(4), (Strings{"announced", "link_lost: cut", "tracking",
                                  "untracked: refused"}));
}

TEST_F(EventsTest, TheHookReceivesBreakerChangesAndLostInvalidations) {
  options_.breaker.failures = 2;
  options_.max_pending = 1;
  Open();
  down_ = true;
  EXPECT_FALSE(raw().InvalidateRaw("pyappcache/a").ok());
  EXPECT_FALSE(raw().InvalidateRaw("pyappcache/b").ok());
  down_ = false;
  clock_->Advance(options_.breaker.open_for);
  // The probe is this or the retry.
  Get(kPath);
  EXPECT_EQ(Received(4),
            (Strings{"tracking", "breaker_opened",
                     "invalidation_lost: pyappcache/b", "breaker_closed"}));
}

TEST_F(EventsTest, NobodyWaitsForAHookAndDroppedEventsAreCounted) {
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
  ASSERT_TRUE(raw().SetRaw(kPath, "new", kNoTtl).ok());
  EXPECT_EQ(Get(kPath), "hit:new");
  constexpr int kLinks = 200;
  for (int i = 0; i < kLinks; ++i) {
    remote_->LoseLink();
    remote_->LinkAndHeartbeat();
  }
  // The hook has one, and 256 are queued.
  EXPECT_EQ(tier_->Report().events_dropped, 2U * kLinks - 256);
  end.count_down();
  tier_.reset();
}

TEST_F(EventsTest, AHookMayUseTheCacheAndThrow) {
  options_.hook = [this](const TierEvent& event) {
    const std::string found = Get(kPath);
    Receive(event);
    throw std::runtime_error(found);
  };
  Open();
  remote_->LoseLink();
  EXPECT_EQ(Received(2).size(), 2U);
  tier_.reset();
  const Strings lines = log_.lines();
  EXPECT_TRUE(std::any_of(lines.begin(), lines.end(), [](const auto& line) {
    return line.find("the tier's hook threw") != std::string::npos;
  }));
}

TEST_F(EventsTest, TheReportHasAHistogramOfHeartbeatDelays) {
  Open();
  const TimePoint requested = clock_->Now();
  clock_->Advance(milliseconds(30));
  remote_->HeartbeatUpTo(requested);
  const DelayHistogram delays = tier_->Report().heartbeat_delays;
  EXPECT_EQ(delays.counts[0], 1U);  // at once, in Open
  EXPECT_EQ(delays.counts[8], 1U);  // above 25 ms, up to 50
  EXPECT_EQ(delays.sum, milliseconds(30));
  EXPECT_EQ(tier_->Report().heartbeat_delay, milliseconds(30));
}

}  // namespace
}  // namespace appcache::events_test
