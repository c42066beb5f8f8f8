// Expiry times as the store has them: milliseconds since the Unix epoch, 0 for
// never.

#ifndef APPCACHE_ENGINE_LRU_EXPIRY_H_
#define APPCACHE_ENGINE_LRU_EXPIRY_H_

#include <cassert>
#include <chrono>
#include <cstdint>

#include "appcache/times.h"

namespace appcache::lru {

// `now` in milliseconds, rounded down. An entry has expired when its expires_at
// is not after this.
inline int64_t ExpiryClock(TimePoint now) noexcept {
  return std::chrono::floor<std::chrono::milliseconds>(now)
      .time_since_epoch()
      .count();
}

// The expiry time of a ttl that starts now, rounded up: never early.
inline int64_t ExpiryOf(Ttl ttl, TimePoint now) noexcept {
  if (ttl == kNoTtl) return 0;
  return std::chrono::ceil<std::chrono::milliseconds>(now + ttl)
      .time_since_epoch()
      .count();
}

inline bool HasExpired(int64_t expires_at_ms, TimePoint now) noexcept {
  return expires_at_ms != 0 && expires_at_ms <= ExpiryClock(now);
}

// REQUIRES: !HasExpired(expires_at_ms, now).
inline Ttl RemainingTtl(int64_t expires_at_ms, TimePoint now) noexcept {
  assert(!HasExpired(expires_at_ms, now));
  if (expires_at_ms == 0) return kNoTtl;
  return Ttl(expires_at_ms - ExpiryClock(now));
}

}  // namespace appcache::lru

#endif  // APPCACHE_ENGINE_LRU_EXPIRY_H_
