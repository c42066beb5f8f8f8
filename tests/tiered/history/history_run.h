// HistoryRun: runs several processes on a Redis server of their own and checks
// their history.

#ifndef APPCACHE_TESTS_TIERED_HISTORY_HISTORY_RUN_H_
#define APPCACHE_TESTS_TIERED_HISTORY_HISTORY_RUN_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/tiered/history/tier_history.h"

namespace appcache {

struct HistoryRun {
  std::vector<HistoryEvent> events;
  // A line of each process about its tier.
  std::vector<std::string> reports;
  // The violations.
  std::vector<std::string> violations;
};

// Runs three processes of `program` with tiers, and one without.
HistoryRun RunHistory(const std::string& program, uint64_t seed,
                      std::chrono::milliseconds duration);

}  // namespace appcache

#endif  // APPCACHE_TESTS_TIERED_HISTORY_HISTORY_RUN_H_
