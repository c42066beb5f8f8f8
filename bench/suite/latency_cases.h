// The cases of the latency program: an operation of the suite in a closed or an
// open loop.

#ifndef APPCACHE_BENCH_SUITE_LATENCY_CASES_H_
#define APPCACHE_BENCH_SUITE_LATENCY_CASES_H_

#include <optional>
#include <string>
#include <vector>

#include "bench/suite/cases.h"
#include "bench/suite/ticks.h"
#include "bench/suite/worker.h"
#include "tools/histogram/histogram.h"

namespace appcache::bench {

struct LatencyCase {
  CaseSpec spec;
  bool (*operation)(Worker& worker);
  // Whether all threads but the first set without pause, and are not timed.
  bool beside_sets;
  bool is_open;

  // "get_hit/tkrzw/memory/256/entries:10000/keys:zipf/threads:2/loop:open".
  std::string Name() const;
};

// All cases of this program. Makes no store.
std::vector<LatencyCase> AllLatencyCases();

struct Latencies {
  Histogram ns;
  // Of an open loop: the rate of the last round.
  std::optional<double> rate_per_second;
};

// Runs the case for this time and adds what it measures. Without a `rate`, an
// open loop runs at half the rate that a closed one reaches just before. Ends
// the program if an operation fails.
void RunLatencyCase(const LatencyCase& latency_case, const Ticks& ticks,
                    double seconds, std::optional<double> rate,
                    Latencies& latencies);

}  // namespace appcache::bench

#endif  // APPCACHE_BENCH_SUITE_LATENCY_CASES_H_
