// Registration of cases, under names that bench/ratios and tools/ read.

#ifndef APPCACHE_BENCH_FRAME_CASES_H_
#define APPCACHE_BENCH_FRAME_CASES_H_

#include <benchmark/benchmark.h>

#include <cstddef>
#include <functional>
#include <string>

namespace appcache::bench {

// Registers a benchmark under the name "get_hit/cache/memory/256": operation,
// side, place, size of a value in bytes.
benchmark::internal::Benchmark* RegisterCase(
    const std::string& operation, const char* side, const char* place,
    size_t value_bytes, const std::function<void(benchmark::State&)>& run);

}  // namespace appcache::bench

#endif  // APPCACHE_BENCH_FRAME_CASES_H_
