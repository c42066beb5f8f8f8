// Which entries leave a cache that is over its limits.
//
// Policy only: it decides, and the writer does. It sees no SQL.

#ifndef APPCACHE_ENGINE_POLICY_EVICTION_H_
#define APPCACHE_ENGINE_POLICY_EVICTION_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/error.h"
#include "engine/policy/pending_touches.h"
#include "engine/store/writer.h"

namespace appcache::policy {

struct Limits {
  uint64_t max_entries = 0;
  std::optional<uint64_t> max_bytes;

  friend bool operator==(const Limits&, const Limits&) = default;
};

bool IsOver(const Limits& limits, const store::Counts& counts) noexcept;

struct Evicted {
  uint64_t evictions = 0;
  uint64_t expirations = 0;
  // The entries that were removed, and uses that were written on the way.
  std::vector<int64_t> removed;
  std::vector<Touch> written;
};

// Inside the writer's transaction, removes entries until the limits are kept:
// those whose ttl has ended, then the least recently used. Exact: when the
// entry that SQLite holds for the oldest has a pending use, that use is
// written, which moves the entry on, and the next oldest is looked at. So a use
// costs at most one write between two of the entry's turns, and none while the
// entry is not near the end. REQUIRES: `pending` holds every use that has been
// recorded. Stops after `most` removals, whatever the limits say.
Status EvictToFit(store::Writer& writer, const PendingTouches& pending,
                  const Limits& limits, int64_t now_ms, uint64_t most,
                  Evicted& evicted);

// Inside the writer's transaction, removes at most `most` entries whose ttl has
// ended.
Status RemoveExpired(store::Writer& writer, int64_t now_ms, uint64_t most,
                     Evicted& evicted);

}  // namespace appcache::policy

#endif  // APPCACHE_ENGINE_POLICY_EVICTION_H_
