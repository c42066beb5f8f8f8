// The time of local hits while the server is stopped.

#ifndef APPCACHE_BENCH_OUTAGES_FROZEN_H_
#define APPCACHE_BENCH_OUTAGES_FROZEN_H_

namespace appcache::outages {

// Times local hits in alternation while the server answers and while it is
// stopped (SIGSTOP). Prints percentiles of both and their ratios, each the
// median of all rounds. Returns false if the tier did not become coherent again
// in time. REQUIRES: rounds > 0.
bool PrintFrozen(int rounds);

}  // namespace appcache::outages

#endif  // APPCACHE_BENCH_OUTAGES_FROZEN_H_
