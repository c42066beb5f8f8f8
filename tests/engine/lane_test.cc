// WriterLane: one at a time, nobody for ever, and nobody left waiting.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <thread>

#include "engine/lane/writer_lane.h"
#include "tests/engine/scratch.h"

namespace appcache::lane_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kLong{60'000};

void SpinFor(milliseconds time) {
  const auto end = steady_clock::now() + time;
  while (steady_clock::now() < end) std::this_thread::yield();
}

void ExpectBusy(internal::WriterLane& lane, milliseconds max_wait,
                const std::string& holder) {
  const auto begin = steady_clock::now();
  const Result<internal::WriterLane::Held> held = lane.Enter(max_wait);
  ASSERT_FALSE(held.ok());
  EXPECT_TRUE(held.status().Is(ErrorCode::kBusy));
  EXPECT_EQ(held.status().error().message,
            "waited " + std::to_string(max_wait.count()) +
                " ms to write to the cache: " + holder +
                " is writing; try again, or increase busy_timeout");
  EXPECT_GE(steady_clock::now() - begin, max_wait);
}

// Enters from a thread of its own.
class Entering {
 public:
  explicit Entering(internal::WriterLane& lane)
      : thread_([this, &lane] {
          started_ = true;
          const Result<internal::WriterLane::Held> held = lane.Enter(kLong);
          EXPECT_TRUE(held.ok());
          inside_ = true;
          while (!may_leave_) std::this_thread::yield();
        }) {
    while (!started_) std::this_thread::yield();
  }
  ~Entering() { Leave(); }

  bool inside() const { return inside_; }
  void WaitUntilInside() const {
    while (!inside_) std::this_thread::yield();
  }
  void Leave() {
    may_leave_ = true;
    if (thread_.joinable()) thread_.join();
  }

 private:
  std::atomic<bool> started_{false};
  std::atomic<bool> inside_{false};
  std::atomic<bool> may_leave_{false};
  std::thread thread_;
};

TEST(LaneTest, IsBusyAsLongAsAThreadIsInIt) {
  internal::WriterLane lane("the cache", std::nullopt);
  Entering other(lane);
  other.WaitUntilInside();
  ExpectBusy(lane, milliseconds(0), "another thread of this process");
  ExpectBusy(lane, milliseconds(20), "another thread of this process");
  other.Leave();
  EXPECT_TRUE(lane.Enter(milliseconds(0)).ok());
}

TEST(LaneTest, WhoeverWaitsIsLetInWhenItIsFree) {
  internal::WriterLane lane("the cache", std::nullopt);
  std::optional<Result<internal::WriterLane::Held>> held(lane.Enter(kLong));
  Entering other(lane);
  EXPECT_FALSE(other.inside());
  held.reset();
  other.WaitUntilInside();
}

// The holder is awake and would always be first; after a millisecond it is the
// other's turn.
TEST(LaneTest, AThreadThatComesBackAtOnceDoesNotKeepOthersOut) {
  internal::WriterLane lane("the cache", std::nullopt);
  std::optional<Result<internal::WriterLane::Held>> held(lane.Enter(kLong));
  Entering other(lane);
  int turns = 0;
  for (; !other.inside() && turns < 1000; ++turns) {
    SpinFor(milliseconds(2));
    held.reset();
    if (other.inside()) break;
    Result<internal::WriterLane::Held> again = lane.Enter(milliseconds(5));
    if (!again.ok()) break;  // the other is in it, and stays
    held.emplace(std::move(again));
  }
  EXPECT_LT(turns, 1000);
  held.reset();
  other.WaitUntilInside();
}

TEST(LaneTest, AWaitThatEndsLeavesTheOthersTheirTurn) {
  internal::WriterLane lane("the cache", std::nullopt);
  std::optional<Result<internal::WriterLane::Held>> held(lane.Enter(kLong));
  Entering other(lane);
  std::thread([&lane] {
    EXPECT_FALSE(lane.Enter(milliseconds(1)).ok());
  }).join();
  held.reset();
  other.WaitUntilInside();
}

TEST(LaneTest, ToCloseItWaitsForThreadsHoweverLong) {
  internal::WriterLane lane("the cache", std::nullopt);
  Entering other(lane);
  other.WaitUntilInside();
  std::thread closing([&] {
    Status locked;
    const internal::WriterLane::Held held =
        lane.EnterToClose(milliseconds(0), locked);
    EXPECT_TRUE(locked.ok());
    EXPECT_TRUE(other.inside());
  });
  other.Leave();
  closing.join();
}

class LockedLaneTest : public testing::Test {
 protected:
  internal::FileLock OpenLock() const {
    Result<internal::FileLock> lock =
        internal::FileLock::Open(scratch_.Path("lane"));
    EXPECT_TRUE(lock.ok());
    return *std::move(lock);
  }

  const Scratch scratch_;
  // As another process has it: its own descriptor.
  internal::FileLock others_ = OpenLock();
  internal::WriterLane lane_{"the cache", OpenLock()};
};

TEST_F(LockedLaneTest, IsBusyAsLongAsAnotherProcessIsInIt) {
  ASSERT_TRUE(*others_.TryLock());
  ExpectBusy(lane_, milliseconds(0), "another process");
  ExpectBusy(lane_, milliseconds(20), "another process");
  others_.Unlock();
  EXPECT_TRUE(lane_.Enter(milliseconds(0)).ok());
}

TEST_F(LockedLaneTest, KeepsOtherProcessesOut) {
  {
    const Result<internal::WriterLane::Held> held = lane_.Enter(kLong);
    EXPECT_FALSE(*others_.TryLock());
  }
  EXPECT_TRUE(*others_.TryLock());
}

TEST_F(LockedLaneTest, ToCloseItSaysThatAnotherProcessIsInIt) {
  ASSERT_TRUE(*others_.TryLock());
  Status locked;
  const internal::WriterLane::Held held =
      lane_.EnterToClose(milliseconds(1), locked);
  EXPECT_TRUE(locked.Is(ErrorCode::kBusy));
}

}  // namespace
}  // namespace appcache::lane_test
