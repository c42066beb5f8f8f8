// TierLoad: threads that use a cache at random, and note what they saw.

#ifndef APPCACHE_TESTS_TIERED_HISTORY_TIER_LOAD_H_
#define APPCACHE_TESTS_TIERED_HISTORY_TIER_LOAD_H_

#include <chrono>
#include <cstdint>
#include <vector>

#include "engine/cache.h"
#include "tests/tiered/history/tier_history.h"

namespace appcache {

struct TierLoad {
  int32_t process = 0;
  uint64_t seed = 1;
  int32_t keys = 32;
  int threads = 2;
  // From 0 to 100: how many of a hundred operations are writes.
  uint32_t writes_per_hundred = 5;
  std::chrono::milliseconds duration{2000};
};

// Gets, sets with and without ttl, invalidates and batches, as fast as they go.
// What the threads of one process write is theirs by its number.
std::vector<HistoryEvent> RunTierLoad(Cache& cache, const TierLoad& load);

}  // namespace appcache

#endif  // APPCACHE_TESTS_TIERED_HISTORY_TIER_LOAD_H_
