// appcache ping: whether a cache answers, how fast, and what it is.

#ifndef APPCACHE_TOOLS_COMMAND_PING_H_
#define APPCACHE_TOOLS_COMMAND_PING_H_

#include <cstdint>
#include <string>

#include "engine/cache.h"
#include "engine/error.h"
#include "tools/command/histogram.h"
#include "tools/command/open_cache.h"

namespace appcache::command {

struct PingReport {
  std::string version;
  Histogram round_trips;  // in nanoseconds
};

// Pings `count` times, one after the other. A ping that fails is the last; its
// error says after how many it came.
Status PingAll(Cache& cache, uint64_t count, PingReport& report);

struct PingOptions {
  // The most that --count takes: some minutes over a slow line.
  static constexpr uint64_t kMaxCount = 100'000;

  CacheFlags cache;
  uint64_t count = 100;
  bool json = false;
};
// kFailure when the cache cannot be opened, or when a ping fails.
int Ping(const PingOptions& options);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_PING_H_
