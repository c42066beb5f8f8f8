// RequestTimes: the number of requests at ticks of the past, whatever pauses
// there were between them.

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>

#include "engine/policy/request_times.h"
#include "tests/support/allocations.h"

namespace appcache::policy::policy_request_times_test {
namespace {

using Point = RequestTimes::Point;

TEST(RequestTimesTest, BetweenTwoPointsRequestsAreSpreadEvenly) {
  RequestTimes times(100, 1);
  times.Append({200, 10});
  times.Append({1200, 20});
  const Point now{1300, 30};
  EXPECT_EQ(times.RequestsAt(50, now), 0);
  EXPECT_EQ(times.RequestsAt(100, now), 0);
  EXPECT_EQ(times.RequestsAt(150, now), 5);
  EXPECT_EQ(times.RequestsAt(200, now), 10);
  EXPECT_EQ(times.RequestsAt(700, now), 15);
  EXPECT_EQ(times.RequestsAt(1250, now), 25);
  EXPECT_EQ(times.RequestsAt(1300, now), 30);
  EXPECT_EQ(times.RequestsAt(9999, now), 30);
}

TEST(RequestTimesTest, PointsWithinAStepAreNotKept) {
  RequestTimes times(0, 10);
  for (int i = 1; i <= 100; ++i) times.Append({i, static_cast<double>(i)});
  EXPECT_EQ(times.size(), 11U);
}

TEST(RequestTimesTest, APointThatComesLateKeepsTheOrderOfTicks) {
  RequestTimes times(0, 1);
  times.Append({100, 10});
  times.Append({90, 20});
  const Point now{200, 30};
  EXPECT_EQ(times.RequestsAt(50, now), 5);
  EXPECT_EQ(times.RequestsAt(100, now), 20);
}

// A million steps with pauses of any length: ages are right within 2 %.
TEST(RequestTimesTest, AgesAreRightByAShareOfThemselves) {
  RequestTimes times(0, 4);
  // The tick of a request: a pause of 1000 after each 64.
  const auto tick_of = [](int64_t request) {
    return request + request / 64 * 1000;
  };
  constexpr int64_t kRequests = 4'000'000;
  const AllocationCounter allocations;
  for (int64_t i = 8; i <= kRequests; i += 8) {
    times.Append({tick_of(i), static_cast<double>(i)});
  }
  EXPECT_EQ(allocations.count(), 0U);
  const Point now{tick_of(kRequests), kRequests};
  for (int64_t age = 100; age < kRequests; age += age / 3) {
    const int64_t request = kRequests - age;
    const double found = times.RequestsAt(tick_of(request), now);
    EXPECT_NEAR(kRequests - found, age, std::fmax(64, age * 0.02)) << age;
  }
}

}  // namespace
}  // namespace appcache::policy::policy_request_times_test
