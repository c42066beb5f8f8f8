// appcache ping: measures round trips, and describes the backend.

#ifndef APPCACHE_TOOLS_COMMAND_ENTRIES_PING_H_
#define APPCACHE_TOOLS_COMMAND_ENTRIES_PING_H_

#include <cstdint>
#include <string>

#include "appcache/backend.h"
#include "appcache/error.h"
#include "tools/command/cache/open_cache.h"
#include "tools/histogram/histogram.h"

namespace appcache::command {

struct PingReport {
  std::string version;
  Histogram round_trips;  // in nanoseconds
};

// Pings `count` times, one after the other. Stops at the first failure; its
// message says which ping failed, unless it was the first.
Status PingAll(Backend& backend, uint64_t count, PingReport& report);

struct PingOptions {
  // The limit of --count: a few minutes on a slow network.
  static constexpr uint64_t kMaxCount = 100'000;

  CacheFlags cache;
  uint64_t count = 100;
  bool json = false;
};
// Returns kFailure when the cache cannot be opened or a ping fails.
int Ping(const PingOptions& options);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_ENTRIES_PING_H_
