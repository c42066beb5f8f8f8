// Measure: the loop that every case has, and the counters beside its time.

#ifndef APPCACHE_BENCH_MEASURE_H_
#define APPCACHE_BENCH_MEASURE_H_

#include <benchmark/benchmark.h>

#include "bench/counting.h"
#include "bench/world.h"

namespace appcache::bench {

inline void SetCounter(benchmark::State& state, const char* name,
                       double value) {
  state.counters[name] =
      benchmark::Counter(value, benchmark::Counter::kAvgThreads);
}

// Runs `operation` some times untimed: it connects, warms up, and is counted.
template <class Operation>
bool CountExactly(benchmark::State& state, const Operation& operation,
                  int operations_per_call) {
  constexpr int kCalls = 64;
  bool right = operation();
  if (state.threads() != 1) return right;
  StartCounting();
  for (int i = 0; i < kCalls; ++i) right &= operation();
  const Counts counts = StopCounting();
  const double operations = kCalls * operations_per_call;
  state.counters["sql"] = static_cast<double>(counts.statements) / operations;
  state.counters["new"] = static_cast<double>(counts.allocations) / operations;
  return right;
}

// A frame that bench/instructions finds: what runs below it is an operation.
template <class Operation>
[[gnu::noinline]] bool Once(const Operation& operation) {
  return operation();
}

// Times `operation`, which returns whether it went as it should: the figures of
// a get that misses must not pass for those of one that hits.
template <class Operation>
void Measure(benchmark::State& state, const World& world,
             const Operation& operation, int operations_per_call = 1) {
  bool right = CountExactly(state, operation, operations_per_call);
  for (auto _ : state) right &= Once(operation);
  if (!right) state.SkipWithError("an operation went wrong");
  SetCounter(state, "bytes", static_cast<double>(world.spec().value_bytes));
  SetCounter(state, "ops", operations_per_call);
}

}  // namespace appcache::bench

#endif  // APPCACHE_BENCH_MEASURE_H_
