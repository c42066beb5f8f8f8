// EvictionTarget: what eviction needs from a store, and nothing more. The store
// implements it; the policy knows no SQL.

#ifndef APPCACHE_ENGINE_POLICY_EVICTION_TARGET_H_
#define APPCACHE_ENGINE_POLICY_EVICTION_TARGET_H_

#include <cstdint>
#include <optional>

#include "appcache/error.h"

namespace appcache::policy {

// The size of a store.
struct Counts {
  int64_t entries = 0;
  int64_t bytes = 0;  // of keys and values
};

// Used within one write transaction, by one thread.
class EvictionTarget {
 public:
  // An entry that may be evicted.
  struct Candidate {
    int64_t h;
    int64_t last_used;  // a tick
    int64_t bytes;
  };
  struct Expiring {
    int64_t h;
    int64_t expires_at_ms;
  };

  virtual const Counts& counts() const noexcept = 0;
  // Replaces counts that turned out to be wrong.
  virtual void SetCounts(const Counts& counts) noexcept = 0;

  // The entry with the smallest last_used; none when the store is empty.
  virtual Result<std::optional<Candidate>> LeastRecent() = 0;
  // The entry that expires first; none when no entry has a ttl.
  virtual Result<std::optional<Expiring>> FirstToExpire() = 0;

  // Records an access of what LeastRecent has returned: raises its last_used to
  // `tick`, which is larger. kCorrupt as below.
  virtual Status WriteAccessOf(const Candidate& candidate, int64_t tick) = 0;

  // Removes what LeastRecent or FirstToExpire has returned in this transaction.
  // kCorrupt when there is no such entry, so that no caller asks for the next
  // one forever.
  virtual Status RemoveCandidate(const Candidate& candidate) = 0;
  virtual Status RemoveExpired(const Expiring& expired) = 0;

 protected:
  ~EvictionTarget() = default;
};

}  // namespace appcache::policy

#endif  // APPCACHE_ENGINE_POLICY_EVICTION_TARGET_H_
