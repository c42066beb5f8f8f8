// Measure: the timed loop of every case, and the counters beside its time.

#ifndef APPCACHE_BENCH_FRAME_MEASURE_H_
#define APPCACHE_BENCH_FRAME_MEASURE_H_

#include <benchmark/benchmark.h>

#include <cassert>
#include <cstddef>

#include "bench/frame/counting.h"

namespace appcache::bench {

inline void SetCounter(benchmark::State& state, const char* name,
                       double value) {
  state.counters[name] =
      benchmark::Counter(value, benchmark::Counter::kAvgThreads);
}

// Runs `operation` some times before the timed loop: connects, fills caches,
// and, when there is one thread, counts.
template <class Operation>
bool WarmUpAndCount(benchmark::State& state, const Operation& operation,
                    int operations_per_call) {
  constexpr int kCalls = 100;
  bool succeeded = operation();
  if (state.threads() != 1) return succeeded;
  StartCounting();
  for (int i = 0; i < kCalls; ++i) succeeded &= operation();
  StopCounting(kCalls * operations_per_call, state.counters);
  return succeeded;
}

// bench/instructions counts what runs below this function, by its name.
template <class Operation>
[[gnu::noinline]] bool Once(const Operation& operation) {
  return operation();
}

// Times `operation`, which does `operations_per_call` operations and returns
// whether all had the expected result. Otherwise the case fails: the time of a
// get that misses must not pass for that of a hit.
template <class Operation>
void Measure(benchmark::State& state, size_t value_bytes,
             const Operation& operation, int operations_per_call = 1) {
  assert(operations_per_call > 0);
  bool succeeded = WarmUpAndCount(state, operation, operations_per_call);
  for (auto _ : state) succeeded &= Once(operation);
  if (!succeeded) state.SkipWithError("an operation had an unexpected result");
  SetCounter(state, "bytes", static_cast<double>(value_bytes));
  SetCounter(state, "ops", operations_per_call);
}

}  // namespace appcache::bench

#endif  // APPCACHE_BENCH_FRAME_MEASURE_H_
