// TieredOptions: what the user of a TieredCache decides (tiered_cache.h).

#ifndef APPCACHE_ADAPTERS_TIERED_TIERED_OPTIONS_H_
#define APPCACHE_ADAPTERS_TIERED_TIERED_OPTIONS_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "adapters/tiered/tier_event.h"
#include "engine/cache.h"
#include "engine/clock.h"

namespace appcache {

// What becomes of the local copies while the tier is not told of changes: the
// link to the remote is lost, or its confirmations are late.
enum class WhenLost {
  // None is served: reads go to the remote. (A link that is lost without being
  // noticed is covered by max_staleness.)
  kBypass,
  // They are served until max_staleness after the last confirmation, noticed or
  // not; then reads go to the remote.
  kBounded,
  // They are served until max_stale_age after the last confirmation, and
  // counted as stale. After that, and when a new link has made them outdated, a
  // read asks the remote, and takes the copy only if the remote fails.
  kServeStale,
};

struct LeasePolicy {
  // A read returns no value that another client has replaced, with success,
  // longer ago than this before the read began. The remote is asked for a
  // confirmation four times in this. From 4 ms to an hour. (Where the remote
  // cannot tell of changes it is untracked_ttl instead.)
  std::chrono::milliseconds max_staleness{2000};

  WhenLost when_lost = WhenLost::kBypass;

  // With kServeStale only. From max_staleness to a year.
  std::chrono::milliseconds max_stale_age = std::chrono::hours(1);
};

struct BreakerOptions {
  // After so many failures of the remote in a row, each a timeout or
  // unavailable, it is not asked for a while. From 1 on.
  uint32_t failures = 5;

  // That while: between half of it and all of it, at random. Then one call
  // probes the remote; if it fails, the while begins anew. From 1 ms to a day.
  std::chrono::milliseconds open_for{1000};
};

struct TieredOptions {
  // Prefix, compressor, log: see cache.h. They hold for both levels; those that
  // the two caches were opened with do not matter, but for the remote's log:
  // why there is no link goes there. Only paths under the prefix are kept
  // locally.
  CacheOptions cache;

  LeasePolicy lease;
  BreakerOptions breaker;

  // How long a local copy is kept at most; it never outlives the remote's entry
  // either way. Zero: no limit of its own.
  Ttl max_local_ttl = kNoTtl;

  // How long where the remote cannot tell of changes, or cannot tell ttls: how
  // stale a read can be there. From 1 ms on.
  Ttl untracked_ttl = std::chrono::seconds(1);

  // Misses of the remote are kept locally for so long too. Zero: they are not.
  Ttl absence_ttl = kNoTtl;

  // Whether announcements among tiers will do where the remote cannot tell of
  // changes by itself; otherwise untracked_ttl is the bound.
  bool allow_announced = true;

  // How many paths, whose invalidation the remote did not get, are kept to be
  // repeated when it is back.
  size_t max_pending = 10'000;

  // How long a call waits at most for another's fetch of the same key, and for
  // another who is removing the same pending path. From 1 ms to a day.
  std::chrono::milliseconds max_wait{5000};

  // Told of what happens to the tier (tier_event.h). None: nobody is.
  TierHook hook;

  // Never jumps. Null: Clock::Steady(). Nor must the local cache's: what has
  // ended there must not be there again (SqliteCache in memory, or with
  // Clock::Steady()).
  std::shared_ptr<const Clock> clock;

  // Of jitter and back-off. Zero: drawn anew for each tier.
  uint64_t seed = 0;
};

}  // namespace appcache

#endif  // APPCACHE_ADAPTERS_TIERED_TIERED_OPTIONS_H_
