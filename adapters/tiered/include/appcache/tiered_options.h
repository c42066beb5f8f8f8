// TieredOptions: the options of a TieredCache.

#ifndef APPCACHE_TIERED_OPTIONS_H_
#define APPCACHE_TIERED_OPTIONS_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "appcache/cache_options.h"
#include "appcache/tier_event.h"
#include "appcache/times.h"

namespace appcache {

class Clock;

// What happens to the local copies while the tier receives no notifications:
// the link to the remote is lost, or its heartbeats are late.
enum class WhenLost {
  // No copy is served once the tier has noticed that the link is lost: reads go
  // to the remote. Until it notices, max_staleness is the limit.
  kBypass,
  // Copies are served until max_staleness after the last heartbeat, whether the
  // tier has noticed or not. Then reads go to the remote.
  kBounded,
  // Copies are served until max_stale_age after the last heartbeat; those
  // beyond max_staleness count as stale. After that, and for copies from before
  // a new link, a read asks the remote and returns the copy only if the remote
  // fails.
  kServeStale,
};

// How long local copies may be served. The lease is renewed by heartbeats of
// the remote's watch (watch.h).
struct LeasePolicy {
  // A read never returns a value that another client has replaced, with
  // success, longer ago than this before the read began; kServeStale weakens
  // this. A heartbeat is requested four times in this interval. Where the
  // remote does not support notifications, untracked_ttl is the limit instead.
  // From 4 ms to an hour.
  std::chrono::milliseconds max_staleness{2000};

  WhenLost when_lost = WhenLost::kBypass;

  // For kServeStale only. From max_staleness to a year.
  std::chrono::milliseconds max_stale_age = std::chrono::hours(1);
};

// The circuit breaker in front of the remote.
struct BreakerOptions {
  // The breaker opens after this many consecutive failures of the remote. A
  // timeout and kUnavailable are failures; other errors are answers, and so is
  // a write refused by a server that still serves reads (a Redis server that
  // has become a replica). While the breaker is open, calls that need the
  // remote fail at once. At least 1.
  uint32_t failures = 5;

  // How long it stays open: a random time between half of this and all of it.
  // Then one call goes to the remote as a probe. If the probe fails, the
  // breaker stays open for another such time. From 1 ms to a day.
  std::chrono::milliseconds open_for{1000};
};

struct TieredOptions {
  // Prefix, compressor, log. Only paths under the prefix are copied locally;
  // operations on other paths go to the remote.
  CacheOptions cache = {};

  LeasePolicy lease = {};
  BreakerOptions breaker = {};

  // The longest life of a local copy. A copy never outlives the remote entry in
  // any case. Zero: no further limit. From zero to 100 years.
  Ttl max_local_ttl = kNoTtl;

  // The longest life of a local copy where the remote does not support
  // notifications or ttl queries: how stale a read can be there. From 1 ms to
  // 100 years.
  Ttl untracked_ttl = std::chrono::seconds(1);

  // How long a miss of the remote is copied locally. Zero: misses are not
  // copied. From zero to 100 years.
  Ttl absence_ttl = kNoTtl;

  // Where the remote does not notify clients about every change (kTracking):
  // true accepts notifications that tiers send to each other (kAnnounced);
  // false treats the remote as one without notifications.
  bool allow_announced = true;

  // The size of the retry queue: how many paths whose invalidation failed are
  // remembered, and removed from the remote when it is reachable again. At
  // least 1.
  size_t max_pending = 10'000;

  // The longest time that a call waits for another caller: for its fetch of the
  // same key, or for its retry of an invalidation of the same path. By `clock`.
  // From 1 ms to a day.
  std::chrono::milliseconds max_wait{5000};

  // Receives the tier's events (tier_event.h). Empty: nobody does.
  TierHook hook = nullptr;

  // The tier's clock, which must not jump: an entry that has expired must not
  // come back. Null: Clock::Steady(). The local backend's clock must not jump
  // either, as that of a SqliteCache in memory does not.
  std::shared_ptr<const Clock> clock = nullptr;

  // Seeds the jitter of the breaker and of the link's backoff. Zero: a random
  // seed for each tier.
  uint64_t seed = 0;
};

}  // namespace appcache

#endif  // APPCACHE_TIERED_OPTIONS_H_
