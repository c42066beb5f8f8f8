// WatchBackoff: random waits that double up to a limit.

#include "adapters/redis/watch_backoff.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <vector>

namespace appcache::redis::watch_backoff_test {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

WatchOptions Options(uint64_t seed) {
  WatchOptions options;
  options.min_retry = milliseconds(10);
  options.max_retry = milliseconds(100);
  options.seed = seed;
  return options;
}

void ExpectUpTo(microseconds wait, milliseconds limit) {
  EXPECT_GE(wait, limit / 2);
  EXPECT_LE(wait, limit);
}

TEST(WatchBackoffTest, LimitDoublesUpToTheLongest) {
  for (uint64_t seed = 1; seed < 100; ++seed) {
    WatchBackoff backoff(Options(seed));
    for (const int limit : {10, 20, 40, 80, 100, 100}) {
      ExpectUpTo(backoff.Next(), milliseconds(limit));
    }
    backoff.Reset();
    ExpectUpTo(backoff.Next(), milliseconds(10));
    backoff.UseLongest();
    ExpectUpTo(backoff.Next(), milliseconds(100));
    ExpectUpTo(backoff.Next(), milliseconds(100));
  }
}

TEST(WatchBackoffTest, OnlyTheSameSeedRepeatsTheWaits) {
  const auto waits = [](uint64_t seed) {
    WatchBackoff backoff(Options(seed));
    std::vector<microseconds> all;
    for (int i = 0; i < 20; ++i) all.push_back(backoff.Next());
    return all;
  };
  EXPECT_EQ(waits(7), waits(7));
  EXPECT_NE(waits(7), waits(8));
  EXPECT_NE(waits(0), waits(0));
}

}  // namespace
}  // namespace appcache::redis::watch_backoff_test
