#include "tools/command/exec/run_age.h"

#include <gtest/gtest.h>

#include "appcache/times.h"

namespace appcache::command::run_age_test {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr milliseconds kRecorded{1'700'000'000'000};

RunAge AgeAfter(milliseconds age, milliseconds recorded_ttl,
                const RunLifetime& lifetime) {
  Run run;
  run.recorded_at = kRecorded;
  run.ttl = recorded_ttl;
  return AgeOf(run, lifetime, kRecorded + age);
}

TEST(RunAgeTest, ARunIsFreshThenStaleThenExpired) {
  const RunLifetime lifetime{minutes(10), hours(1)};
  EXPECT_EQ(AgeAfter(seconds(0), minutes(10), lifetime), RunAge::kFresh);
  EXPECT_EQ(AgeAfter(minutes(10) - milliseconds(1), minutes(10), lifetime),
            RunAge::kFresh);
  EXPECT_EQ(AgeAfter(minutes(10), minutes(10), lifetime), RunAge::kStale);
  EXPECT_EQ(AgeAfter(minutes(70) - milliseconds(1), minutes(10), lifetime),
            RunAge::kStale);
  EXPECT_EQ(AgeAfter(minutes(70), minutes(10), lifetime), RunAge::kExpired);
}

TEST(RunAgeTest, WithoutStaleARunExpiresAfterItsTtl) {
  const RunLifetime lifetime{minutes(10), seconds(0)};
  EXPECT_EQ(AgeAfter(minutes(10), minutes(10), lifetime), RunAge::kExpired);
}

TEST(RunAgeTest, TheShorterTtlOfRecordAndCallerCounts) {
  const auto age = [](milliseconds recorded, milliseconds caller) {
    return AgeAfter(minutes(5), recorded, {caller, hours(1)});
  };
  EXPECT_EQ(age(minutes(1), minutes(10)), RunAge::kStale);
  EXPECT_EQ(age(minutes(10), minutes(1)), RunAge::kStale);
  EXPECT_EQ(age(minutes(10), kNoTtl), RunAge::kFresh);
  EXPECT_EQ(age(minutes(1), kNoTtl), RunAge::kStale);
  // A record of version 2.
  EXPECT_EQ(age(kNoTtl, minutes(10)), RunAge::kFresh);
  EXPECT_EQ(age(kNoTtl, minutes(1)), RunAge::kStale);
  EXPECT_EQ(age(kNoTtl, kNoTtl), RunAge::kFresh);
}

TEST(RunAgeTest, ARunFromTheFutureIsExpiredBeyondATolerance) {
  const RunLifetime lifetime{minutes(10), hours(1)};
  EXPECT_EQ(AgeAfter(-minutes(5) + milliseconds(1), minutes(10), lifetime),
            RunAge::kFresh);
  EXPECT_EQ(AgeAfter(-minutes(5), minutes(10), lifetime), RunAge::kExpired);
  EXPECT_EQ(AgeAfter(-hours(24 * 365), minutes(10), lifetime),
            RunAge::kExpired);
}

TEST(RunAgeTest, AClockThatIsSetForwardMakesARunStaleOrExpired) {
  const RunLifetime lifetime{minutes(10), hours(48)};
  EXPECT_EQ(AgeAfter(hours(24), minutes(10), lifetime), RunAge::kStale);
  EXPECT_EQ(AgeAfter(hours(24 * 365), minutes(10), lifetime), RunAge::kExpired);
}

TEST(RunAgeTest, TheLargestDurationsDoNotOverflow) {
  const RunLifetime longest{kMaxTtl, kMaxTtl};
  EXPECT_EQ(longest.Total(), kMaxTtl);
  EXPECT_EQ(AgeAfter(kMaxTtl, kMaxTtl, longest), RunAge::kStale);
}

TEST(RunAgeTest, TheCacheKeepsARunForTtlAndStale) {
  EXPECT_EQ((RunLifetime{minutes(10), hours(1)}.Total()), minutes(70));
  EXPECT_EQ((RunLifetime{minutes(10), seconds(0)}.Total()), minutes(10));
  EXPECT_EQ((RunLifetime{kNoTtl, hours(1)}.Total()), kNoTtl);
}

TEST(RunAgeTest, ARefreshIsRepeatedAfterTheTtlWithinLimits) {
  EXPECT_EQ(RetryInterval({seconds(20), hours(1)}), seconds(20));
  EXPECT_EQ(RetryInterval({milliseconds(1), hours(1)}), seconds(1));
  EXPECT_EQ(RetryInterval({hours(1), hours(1)}), minutes(1));
  EXPECT_EQ(RetryInterval({kNoTtl, hours(1)}), minutes(1));
}

}  // namespace
}  // namespace appcache::command::run_age_test
