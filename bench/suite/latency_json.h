// The report of the latency program.

#ifndef APPCACHE_BENCH_SUITE_LATENCY_JSON_H_
#define APPCACHE_BENCH_SUITE_LATENCY_JSON_H_

#include <string>
#include <vector>

#include "bench/suite/latency_cases.h"
#include "tools/histogram/histogram.h"

namespace appcache::bench {

// JSON with "context" and "latency", an array with an object for each case.
// Times are in nanoseconds. `clock` is the distribution of an operation that
// does nothing, of which all others are free.
//
// "percentiles" has pairs of a percentage and a time: some 40 points, closer to
// each other towards 100.
std::string LatencyJson(const std::vector<LatencyCase>& cases,
                        const std::vector<Latencies>& latencies,
                        const Histogram& clock);

}  // namespace appcache::bench

#endif  // APPCACHE_BENCH_SUITE_LATENCY_JSON_H_
