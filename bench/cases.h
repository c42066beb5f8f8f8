// The cases, by what they do, and how they are registered.

#ifndef APPCACHE_BENCH_CASES_H_
#define APPCACHE_BENCH_CASES_H_

#include <benchmark/benchmark.h>

#include <cstddef>
#include <functional>
#include <string>

#include "bench/world.h"

namespace appcache::bench {

// Each registers its own.
void RegisterGetCases();
void RegisterSetCases();
void RegisterEvictionCases();
void RegisterMixedCases();
void RegisterFlushCases();

// What they have in common.
inline constexpr size_t kValueBytes[] = {16, 256, 4096, 65536};
inline constexpr Place kPlaces[] = {Place::kMemory, Place::kFile};

// How many entries of that size a store has, unless its size is the question:
// at most 64 MiB of values.
inline constexpr size_t kMostEntries = 10'000;
inline size_t EntriesFor(size_t value_bytes) {
  return value_bytes < 65536 ? kMostEntries : kMostEntries / 10;
}

// Under the name "get_hit/cache/memory/256": case, side, place, bytes of a
// value. bench/ratios takes it apart again.
benchmark::internal::Benchmark* RegisterCase(
    const std::string& operation, const char* side, const WorldSpec& spec,
    const std::function<void(benchmark::State&)>& run);

}  // namespace appcache::bench

#endif  // APPCACHE_BENCH_CASES_H_
