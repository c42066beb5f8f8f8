// The cases of store_benchmark, by what they do.

#ifndef APPCACHE_BENCH_STORE_CASES_H_
#define APPCACHE_BENCH_STORE_CASES_H_

#include <benchmark/benchmark.h>

#include <cstddef>
#include <functional>
#include <string>

#include "bench/frame/cases.h"
#include "bench/store_fixture.h"

namespace appcache::bench {

void RegisterGetCases();
void RegisterSetCases();
void RegisterEvictionCases();
void RegisterMixedCases();
void RegisterFlushCases();

inline constexpr size_t kValueBytes[] = {16, 256, 4096, 65536};
inline constexpr Place kPlaces[] = {Place::kMemory, Place::kFile};

// How many entries of that size a store has, where a case does not say
// otherwise: at most 64 MiB of values.
inline constexpr size_t kMaxEntries = 10'000;
inline size_t EntriesFor(size_t value_bytes) {
  return value_bytes < 65536 ? kMaxEntries : kMaxEntries / 10;
}

inline benchmark::internal::Benchmark* RegisterCase(
    const std::string& operation, const char* side, const StoreSpec& spec,
    const std::function<void(benchmark::State&)>& run) {
  return RegisterCase(operation, side, NameOf(spec.place), spec.value_bytes,
                      run);
}

// Registers a case that runs in `threads` threads.
inline void RegisterCase(const std::string& operation, const char* side,
                         const StoreSpec& spec, int threads,
                         const std::function<void(benchmark::State&)>& run) {
  RegisterCase(operation, side, spec, run)->Threads(threads)->UseRealTime();
}

}  // namespace appcache::bench

#endif  // APPCACHE_BENCH_STORE_CASES_H_
