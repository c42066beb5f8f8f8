// HistoryRun: a history of several processes on a Redis server of its own.

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
  // What the processes say of their tiers.
  std::vector<std::string> reports;
  // What broke a promise.
  std::vector<std::string> broken;
};

// Three processes with tiers, by `program`, and a client without one.
HistoryRun RunHistory(const std::string& program, uint64_t seed,
                      std::chrono::milliseconds duration);

}  // namespace appcache

#endif  // APPCACHE_TESTS_TIERED_HISTORY_HISTORY_RUN_H_
