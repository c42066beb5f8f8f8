// Ttls as Memcached's expiration times, and back.

#include "adapters/memcache/exptime.h"

#include <gtest/gtest.h>

#include <chrono>
#include <limits>

namespace appcache::memcache::exptime_test {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto kNow = TimePoint(seconds(1'800'000'000));

TEST(ExpTimeTest, IsNeverShorterThanTheTtl) {
  EXPECT_EQ(ExpTime(kNoTtl, kNow), 0);
  EXPECT_EQ(ExpTime(milliseconds(1), kNow), 2);
  EXPECT_EQ(ExpTime(seconds(1), kNow), 2);
  EXPECT_EQ(ExpTime(milliseconds(1001), kNow), 3);
}

TEST(ExpTimeTest, IsAbsoluteBeyondThirtyDays) {
  constexpr seconds kThirtyDays = hours(24 * 30);
  EXPECT_EQ(ExpTime(kThirtyDays - seconds(1), kNow), 2'592'000);
  EXPECT_EQ(ExpTime(kThirtyDays, kNow), 1'800'000'000 + 2'592'001);
  EXPECT_EQ(ExpTime(kThirtyDays, kNow + milliseconds(999)),
            1'800'000'000 + 2'592'001);
}

TEST(ExpTimeTest, NeverExpiresAfterJanuary2038) {
  constexpr seconds kLeft(2'147'483'647 - 1'800'000'000);
  EXPECT_EQ(ExpTime(kLeft - seconds(1), kNow), 2'147'483'647);
  EXPECT_EQ(ExpTime(kLeft, kNow), 0);
  EXPECT_EQ(ExpTime(kMaxTtl, kNow), 0);
}

TEST(RemainingTtlTest, OmitsTheAddedSecond) {
  EXPECT_EQ(RemainingTtl(-1), kNoTtl);
  EXPECT_EQ(RemainingTtl(61), seconds(60));
  EXPECT_EQ(RemainingTtl(2), seconds(1));
  // The item has not expired, and a ttl of zero would mean that it never does.
  EXPECT_EQ(RemainingTtl(1), milliseconds(1));
  EXPECT_EQ(RemainingTtl(0), milliseconds(1));
}

TEST(RemainingTtlTest, IsWithinTheLimitWhateverTheServerSays) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  constexpr int64_t kMaxSeconds =
      std::chrono::duration_cast<seconds>(kMaxTtl).count();
  EXPECT_EQ(RemainingTtl(kMaxSeconds), kMaxTtl - seconds(1));
  EXPECT_EQ(RemainingTtl(kMaxSeconds + 2), kMaxTtl);
  EXPECT_EQ(RemainingTtl(kMost / 1000), kMaxTtl);
  EXPECT_EQ(RemainingTtl(kMost), kMaxTtl);
  EXPECT_EQ(RemainingTtl(-2), milliseconds(1));
  EXPECT_EQ(RemainingTtl(std::numeric_limits<int64_t>::min()), milliseconds(1));
}

}  // namespace
}  // namespace appcache::memcache::exptime_test
