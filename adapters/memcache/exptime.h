// Converts between ttls and Memcached's expiration times.

#ifndef APPCACHE_ADAPTERS_MEMCACHE_EXPTIME_H_
#define APPCACHE_ADAPTERS_MEMCACHE_EXPTIME_H_

#include <cstdint>

#include "appcache/times.h"

namespace appcache::memcache {

// The exptime of a set at the time `now` of the wall clock. Zero means that the
// item never expires. Memcached counts in whole seconds of its own clock, and
// one second is added so that no item expires before its ttl. Up to 30 days,
// exptime is relative; beyond that it is a Unix time of 32 bits, and an item
// that would expire after January 2038 never expires.
// REQUIRES: 0 <= ttl <= kMaxTtl.
int64_t ExpTime(Ttl ttl, TimePoint now) noexcept;

// The remaining ttl of an item of which the server says that it expires in
// `seconds`, or never (-1): without the second that ExpTime added, more than
// zero if the item expires, and at most kMaxTtl, whatever the server says.
Ttl RemainingTtl(int64_t seconds) noexcept;

}  // namespace appcache::memcache

#endif  // APPCACHE_ADAPTERS_MEMCACHE_EXPTIME_H_
