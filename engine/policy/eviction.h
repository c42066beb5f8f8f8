// Chooses the entries that leave a cache: expired ones, and the least recently
// used ones of a cache that is over its limits.
//
// Restrictions: decides only; the store (EvictionTarget) removes. Knows no SQL
// and no values.

#ifndef APPCACHE_ENGINE_POLICY_EVICTION_H_
#define APPCACHE_ENGINE_POLICY_EVICTION_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "appcache/error.h"
#include "engine/policy/eviction_target.h"
#include "engine/policy/pending_accesses.h"

namespace appcache::policy {

struct Limits {
  uint64_t max_entries = 0;
  std::optional<uint64_t> max_bytes;

  friend bool operator==(const Limits&, const Limits&) = default;
};

bool IsOver(const Limits& limits, const Counts& counts) noexcept;

// What a call has removed and written.
struct Evicted {
  uint64_t evictions = 0;        // entries removed because of the limits
  uint64_t expirations = 0;      // entries removed because they had expired
  std::vector<int64_t> removed;  // all of them, by h
  std::vector<Access> written;   // pending accesses that were written
};

// Removes entries until the limits are kept, but at most `most`: expired ones
// first, then the least recently used. Exact: when the store's least recent
// entry has a pending access, that access is written, which makes the entry
// more recent, and the next candidate is looked at. So an access costs at most
// one write each time its entry becomes the candidate, and none otherwise.
// Adds to `evicted`. REQUIRES: `pending` has every access that was recorded and
// is not in the store.
Status EvictToFit(EvictionTarget& target, const PendingAccesses& pending,
                  const Limits& limits, int64_t now_ms, uint64_t most,
                  Evicted& evicted);

// Removes at most `most` expired entries. Adds to `evicted`.
Status RemoveExpired(EvictionTarget& target, int64_t now_ms, uint64_t most,
                     Evicted& evicted);

}  // namespace appcache::policy

#endif  // APPCACHE_ENGINE_POLICY_EVICTION_H_
