// Ttls and the moments at which they end, as the store keeps them: milliseconds
// since the Unix epoch, 0 = never.

#ifndef APPCACHE_ENGINE_LRU_EXPIRY_H_
#define APPCACHE_ENGINE_LRU_EXPIRY_H_

#include <chrono>
#include <cstdint>

#include "engine/cache.h"
#include "engine/clock.h"

namespace appcache {

// `now` on the clock of expiry, rounded down: an entry has expired when its
// expires_at is not after this.
inline int64_t ExpiryClock(TimePoint now) noexcept {
  return std::chrono::floor<std::chrono::milliseconds>(now)
      .time_since_epoch()
      .count();
}

// When a ttl that begins now ends, rounded up: never early.
inline int64_t ExpiryOf(Ttl ttl, TimePoint now) noexcept {
  if (ttl == kNoTtl) return 0;
  return std::chrono::ceil<std::chrono::milliseconds>(now + ttl)
      .time_since_epoch()
      .count();
}

inline bool HasExpired(int64_t expires_at_ms, TimePoint now) noexcept {
  return expires_at_ms != 0 && expires_at_ms <= ExpiryClock(now);
}

// REQUIRES: it has not expired.
inline Ttl RemainingTtl(int64_t expires_at_ms, TimePoint now) noexcept {
  if (expires_at_ms == 0) return kNoTtl;
  return Ttl(expires_at_ms - ExpiryClock(now));
}

}  // namespace appcache

#endif  // APPCACHE_ENGINE_LRU_EXPIRY_H_
