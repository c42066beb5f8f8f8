// Deadline: parts of a time limit.

#include "adapters/net/deadline.h"

#include <gtest/gtest.h>

#include <chrono>

namespace appcache::net::deadline_test {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

// For example, the part of one of a thousand servers of a millisecond.
TEST(DeadlineTest, SoonerHasAResolutionBelowAMillisecond) {
  const Deadline whole(milliseconds(60'000));
  const auto before = Deadline::Clock::now();
  const Deadline part = whole.Sooner(microseconds(1));
  const auto after = Deadline::Clock::now();
  EXPECT_GE(part.at(), before + microseconds(1));
  EXPECT_LE(part.at(), after + microseconds(1));
}

TEST(DeadlineTest, SoonerIsNeverLater) {
  const Deadline whole(milliseconds(1));
  EXPECT_EQ(whole.Sooner(milliseconds(60'000)).at(), whole.at());
}

TEST(DeadlineTest, ExpiredDeadlineHasNoTimeLeft) {
  EXPECT_EQ(Deadline(milliseconds(-1)).Left(), nanoseconds(0));
}

}  // namespace
}  // namespace appcache::net::deadline_test
