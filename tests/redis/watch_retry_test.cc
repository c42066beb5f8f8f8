// WatchRetry: waits at random, twice as long each time, within bounds.

#include "adapters/redis/watch_retry.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <vector>

namespace appcache::redis {
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

void ExpectUpTo(microseconds wait, milliseconds most) {
  EXPECT_GE(wait, most / 2);
  EXPECT_LE(wait, most);
}

TEST(WatchRetryTest, WaitsTwiceAsLongEachTimeUpToTheLongest) {
  for (uint64_t seed = 1; seed < 100; ++seed) {
    WatchRetry retry(Options(seed));
    for (const int most : {10, 20, 40, 80, 100, 100}) {
      ExpectUpTo(retry.Next(), milliseconds(most));
    }
    retry.Shorten();
    ExpectUpTo(retry.Next(), milliseconds(10));
    retry.Lengthen();
    ExpectUpTo(retry.Next(), milliseconds(100));
    ExpectUpTo(retry.Next(), milliseconds(100));
  }
}

TEST(WatchRetryTest, ASeedRepeatsTheWaitsAndNoneDoesNot) {
  const auto waits = [](uint64_t seed) {
    WatchRetry retry(Options(seed));
    std::vector<microseconds> all;
    for (int i = 0; i < 20; ++i) all.push_back(retry.Next());
    return all;
  };
  EXPECT_EQ(waits(7), waits(7));
  EXPECT_NE(waits(7), waits(8));
  EXPECT_NE(waits(0), waits(0));
}

}  // namespace
}  // namespace appcache::redis
