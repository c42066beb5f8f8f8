// Local hits while the server stands still.

#ifndef APPCACHE_BENCH_OUTAGES_FROZEN_H_
#define APPCACHE_BENCH_OUTAGES_FROZEN_H_

namespace appcache::outages {

// Times local hits while the server answers and while it is stopped (SIGSTOP),
// in turns, and prints percentiles of both and their ratios, the median over
// the rounds. False: the tier was not coherent again in time.
bool PrintFrozen(int rounds);

}  // namespace appcache::outages

#endif  // APPCACHE_BENCH_OUTAGES_FROZEN_H_
