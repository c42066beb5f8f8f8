// Exact counts of what operations cost the thread that calls them.
//
// C++ allocations are always counted; that costs one increment each, also in
// the timed part of a benchmark. Other counters are active only between
// StartCounting and StopCounting.

#ifndef APPCACHE_BENCH_FRAME_COUNTING_H_
#define APPCACHE_BENCH_FRAME_COUNTING_H_

#include <benchmark/benchmark.h>

#include <cstdint>

namespace appcache::bench {

// A further counter, such as that of statement_counter.h.
struct ExactCounter {
  const char* name;  // of the benchmark's counter
  void (*start)();
  // Returns what this thread has counted since start().
  uint64_t (*stop)();
};

// Adds a counter for all benchmarks of this program. Call it before they run.
void AddCounter(const ExactCounter& counter);

// StopCounting stores the counts since StartCounting, divided by `operations`,
// in `counters`: the allocations under the name "new". Both are called by the
// thread that runs the operations, one thread at a time.
void StartCounting();
void StopCounting(double operations, benchmark::UserCounters& counters);

}  // namespace appcache::bench

#endif  // APPCACHE_BENCH_FRAME_COUNTING_H_
