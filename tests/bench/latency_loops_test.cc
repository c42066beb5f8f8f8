#include "bench/suite/latency_loops.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>

#include "tools/histogram/histogram.h"

namespace appcache::bench::latency_loops_test {
namespace {

// A nanosecond is a tick.
class FakeClock {
 public:
  uint64_t Now() const { return now; }
  void WaitUntil(uint64_t time) { now = std::max(now, time); }
  uint64_t Between(uint64_t start, uint64_t end) const { return end - start; }

  uint64_t now = 1'000;
};

// An operation of 10 ns; the one with the number `stalled` takes `stall`.
class Operation {
 public:
  Operation(FakeClock& clock, int stalled, uint64_t stall)
      : clock_(clock), stalled_(stalled), stall_(stall) {}

  bool operator()() const {
    clock_.now += calls_++ == stalled_ ? stall_ : 10;
    return true;
  }
  int calls() const { return calls_; }

 private:
  FakeClock& clock_;
  const int stalled_;
  const uint64_t stall_;
  mutable int calls_ = 0;
};

TEST(LatencyLoopsTest, AClosedLoopRecordsAStallOnce) {
  FakeClock clock;
  const Operation operation(clock, 3, 1'000);
  Histogram latencies;
  EXPECT_TRUE(RunClosedLoop(clock, 3'000, operation, latencies));
  // 1,000 ns of the stall, and 100 operations in the other 1,000.
  EXPECT_EQ(latencies.count(), 101u);
  EXPECT_EQ(latencies.max(), 1'000u);
  EXPECT_EQ(latencies.Percentile(990), 10u);
}

TEST(LatencyLoopsTest, AnOpenLoopKeepsItsRate) {
  FakeClock clock;
  const Operation operation(clock, -1, 0);
  Histogram latencies;
  const Schedule schedule = {
      .first = 2'000, .interval = 100, .count = 50, .stop = 100'000};
  EXPECT_TRUE(RunOpenLoop(clock, schedule, operation, latencies));
  EXPECT_EQ(clock.now, 2'000u + 49 * 100 + 10);
  EXPECT_EQ(latencies.count(), 50u);
  EXPECT_EQ(latencies.max(), 10u);
}

TEST(LatencyLoopsTest, AnOpenLoopChargesAStallToEveryOperationThatWaits) {
  FakeClock clock;
  const Operation operation(clock, 0, 1'000);
  Histogram latencies;
  const Schedule schedule = {
      .first = 1'000, .interval = 100, .count = 20, .stop = 100'000};
  EXPECT_TRUE(RunOpenLoop(clock, schedule, operation, latencies));
  // The first takes 1,000 ns, and ends at 2,000. The second should have started
  // at 1,100 and ends at 2,010, 910 ns later; the third 820, and so on: 90 less
  // each, until the twelfth starts in time, at 2,100 + 10.
  Histogram expected;
  expected.Record(1'000);
  for (uint64_t i = 1; i <= 11; ++i) expected.Record(1'000 - 90 * i);
  for (int i = 12; i < 20; ++i) expected.Record(10);
  EXPECT_EQ(latencies.count(), expected.count());
  for (uint64_t part = 0; part <= 20; ++part) {
    EXPECT_EQ(latencies.Quantile(part, 20), expected.Quantile(part, 20))
        << part;
  }
  EXPECT_EQ(latencies.max(), 1'000u);
}

TEST(LatencyLoopsTest, OperationsThatNeverStartHaveWaitedUntilTheEnd) {
  FakeClock clock;
  const Operation operation(clock, 0, 500);
  Histogram latencies;
  const Schedule schedule = {
      .first = 1'000, .interval = 100, .count = 100, .stop = 1'500};
  EXPECT_TRUE(RunOpenLoop(clock, schedule, operation, latencies));
  EXPECT_EQ(operation.calls(), 1);
  // 500 ns, and those that should have started at 1,100 to 1,400.
  EXPECT_EQ(latencies.count(), 5u);
  EXPECT_EQ(latencies.min(), 100u);
  EXPECT_EQ(latencies.max(), 500u);
}

TEST(LatencyLoopsTest, AFailedOperationIsReported) {
  FakeClock clock;
  Histogram latencies;
  const auto fails = [&] {
    clock.now += 10;
    return clock.now != 1'050;
  };
  EXPECT_FALSE(RunClosedLoop(clock, 2'000, fails, latencies));
  clock.now = 1'000;
  const Schedule schedule = {
      .first = 1'000, .interval = 10, .count = 10, .stop = 2'000};
  EXPECT_FALSE(RunOpenLoop(clock, schedule, fails, latencies));
}

}  // namespace
}  // namespace appcache::bench::latency_loops_test
