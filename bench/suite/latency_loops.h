// The loops that time single operations. A Clock has Now() and WaitUntil(time)
// in ticks of its own, and Between(start, end), the nanoseconds from one
// reading to the next.

#ifndef APPCACHE_BENCH_SUITE_LATENCY_LOOPS_H_
#define APPCACHE_BENCH_SUITE_LATENCY_LOOPS_H_

#include <cstdint>

#include "tools/histogram/histogram.h"

namespace appcache::bench {

// Closed loop: each operation starts when the one before it returns, until
// the time `end`. A stall delays the operations after it, but is recorded once.
// Returns whether `operation()` was true each time.
template <class Clock, class Operation>
bool RunClosedLoop(Clock& clock, uint64_t end, const Operation& operation,
                   Histogram& latencies) {
  bool succeeded = true;
  for (uint64_t start = clock.Now(); start < end; start = clock.Now()) {
    succeeded &= operation();
    latencies.Record(clock.Between(start, clock.Now()));
  }
  return succeeded;
}

// The operation i should start at first + i * interval.
struct Schedule {
  uint64_t first;
  double interval;
  uint64_t count;
  // When to give up, if operations take longer than the interval.
  uint64_t stop;

  uint64_t StartOf(uint64_t i) const {
    return first + static_cast<uint64_t>(static_cast<double>(i) * interval);
  }
};

// Open loop: the time of an operation counts from when it should have started.
// One that starts late because an earlier one took too long has waited, as a
// request would that somebody else sends at that time. (Otherwise the time of
// all who wait for a stall is omitted.) Operations that have not started at
// `stop` are recorded with the time that they have waited until then.
template <class Clock, class Operation>
bool RunOpenLoop(Clock& clock, const Schedule& schedule,
                 const Operation& operation, Histogram& latencies) {
  bool succeeded = true;
  uint64_t i = 0;
  for (; i < schedule.count && clock.Now() < schedule.stop; ++i) {
    const uint64_t start = schedule.StartOf(i);
    clock.WaitUntil(start);
    succeeded &= operation();
    latencies.Record(clock.Between(start, clock.Now()));
  }
  for (; i < schedule.count && schedule.StartOf(i) < schedule.stop; ++i) {
    latencies.Record(clock.Between(schedule.StartOf(i), schedule.stop));
  }
  return succeeded;
}

}  // namespace appcache::bench

#endif  // APPCACHE_BENCH_SUITE_LATENCY_LOOPS_H_
