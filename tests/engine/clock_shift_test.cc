// ClockShift: converts the times of entries between two clocks.

#include "engine/lru/clock_shift.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>

#include "appcache/testing/fake_clock.h"
#include "engine/lru/limits.h"

namespace appcache::lru::clock_shift_test {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr int64_t kMaxTick = kMaxTime.time_since_epoch().count();
constexpr int64_t kMaxExpiry = kMaxTick / 1000;

TEST(ClockShiftTest, WithoutADifferenceTimesStayTheSame) {
  const ClockShift shift;
  for (const int64_t time : {int64_t{1}, int64_t{1'577'836'800'000}}) {
    EXPECT_EQ(shift.Expiry(time), time);
    EXPECT_EQ(shift.Tick(time), time);
  }
}

TEST(ClockShiftTest, IsTheDifferenceOfTheClocks) {
  FakeClock from;
  FakeClock to;
  to.Advance(milliseconds(1500));
  EXPECT_EQ(ClockShift::Between(from, to).Tick(10), 1'500'010);
  EXPECT_EQ(ClockShift::Between(from, to).Expiry(10), 1510);
  EXPECT_EQ(ClockShift::Between(to, from).Tick(2'000'000), 500'000);
  EXPECT_EQ(ClockShift::Between(to, from).Expiry(2000), 500);
}

TEST(ClockShiftTest, NoExpiryTimeStaysNone) {
  for (const int by : {-5'000'000, -1, 0, 1, 5'000'000}) {
    EXPECT_EQ(ClockShift(microseconds(by)).Expiry(0), 0) << by;
  }
}

TEST(ClockShiftTest, AnExpiryTimeIsRoundedUp) {
  EXPECT_EQ(ClockShift(microseconds(1)).Expiry(100), 101);
  EXPECT_EQ(ClockShift(microseconds(999)).Expiry(100), 101);
  EXPECT_EQ(ClockShift(microseconds(1000)).Expiry(100), 101);
  EXPECT_EQ(ClockShift(microseconds(1001)).Expiry(100), 102);
  EXPECT_EQ(ClockShift(microseconds(-1)).Expiry(100), 100);
  EXPECT_EQ(ClockShift(microseconds(-999)).Expiry(100), 100);
  EXPECT_EQ(ClockShift(microseconds(-1000)).Expiry(100), 99);
  EXPECT_EQ(ClockShift(microseconds(-1001)).Expiry(100), 99);
}

// To the microsecond: never early, and less than a millisecond late.
TEST(ClockShiftTest, AnEntryNeverExpiresEarly) {
  for (int by = -3000; by <= 3000; ++by) {
    const auto exact = milliseconds(100) + microseconds(by);
    const milliseconds shifted(ClockShift(microseconds(by)).Expiry(100));
    ASSERT_GE(shifted, exact) << by;
    ASSERT_LT(shifted - exact, milliseconds(1)) << by;
  }
}

// 0 would be never.
TEST(ClockShiftTest, AnExpiryTimeBefore1970StaysOne) {
  EXPECT_EQ(ClockShift(milliseconds(-100)).Expiry(100), 1);
  EXPECT_EQ(ClockShift(milliseconds(-5000)).Expiry(100), 1);
}

TEST(ClockShiftTest, TicksKeepTheirOrder) {
  for (const int by : {-3'000'001, -1, 0, 1, 3'000'001}) {
    const ClockShift shift((microseconds(by)));
    int64_t last = -1;
    for (int64_t tick = 5'000'000; tick < 5'000'100; ++tick) {
      ASSERT_GT(shift.Tick(tick), last) << by;
      last = shift.Tick(tick);
    }
  }
}

TEST(ClockShiftTest, ATickBefore1970Is1970) {
  EXPECT_EQ(ClockShift(microseconds(-100)).Tick(99), 0);
  EXPECT_EQ(ClockShift(microseconds(-100)).Tick(100), 0);
  EXPECT_EQ(ClockShift(microseconds(-100)).Tick(101), 1);
}

// Later ones could not be stored.
TEST(ClockShiftTest, NoTimeIsAfterTheLargest) {
  for (const int by : {0, 1, 999, 1'000'000}) {
    const ClockShift shift((microseconds(by)));
    for (const int64_t more : {int64_t{0}, int64_t{1}, INT64_MAX - kMaxTick}) {
      EXPECT_LE(shift.Tick(kMaxTick + more), kMaxTick);
    }
    for (const int64_t more :
         {int64_t{0}, int64_t{1}, INT64_MAX - kMaxExpiry}) {
      EXPECT_LE(shift.Expiry(kMaxExpiry + more), kMaxExpiry);
    }
  }
}

// Of a file that others have written to.
TEST(ClockShiftTest, TimesThatNoCacheStoresAreStorableAfterwards) {
  for (const int by : {-1, 0, 1}) {
    const ClockShift shift((microseconds(by)));
    for (const int64_t time : {INT64_MIN, int64_t{-1}}) {
      EXPECT_GE(shift.Tick(time), 0);
      EXPECT_GE(shift.Expiry(time), 1);
      EXPECT_LE(shift.Expiry(time), 2);
    }
  }
}

}  // namespace
}  // namespace appcache::lru::clock_shift_test
