// TierLoad: threads that use a backend at random and record what they saw.

#ifndef APPCACHE_TESTS_TIERED_HISTORY_TIER_LOAD_H_
#define APPCACHE_TESTS_TIERED_HISTORY_TIER_LOAD_H_

#include <chrono>
#include <cstdint>
#include <vector>

#include "appcache/backend.h"
#include "tests/tiered/history/tier_history.h"

namespace appcache {

struct TierLoad {
  int32_t process = 0;
  uint64_t seed = 1;
  int32_t keys = 32;
  int threads = 2;
  // From 0 to 100.
  uint32_t percent_of_writes = 5;
  std::chrono::milliseconds duration{2000};
};

// Runs gets, sets with and without ttl, invalidates and batches, without
// pauses. The values are distinct between threads and between values of
// load.process.
std::vector<HistoryEvent> RunTierLoad(Backend& backend, const TierLoad& load);

}  // namespace appcache

#endif  // APPCACHE_TESTS_TIERED_HISTORY_TIER_LOAD_H_
