// Ttl: how long an entry lives.

#ifndef APPCACHE_ENGINE_TTL_H_
#define APPCACHE_ENGINE_TTL_H_

#include <chrono>

namespace appcache {

// To the millisecond; zero never ends; below zero is kInvalidArgument.
using Ttl = std::chrono::milliseconds;
inline constexpr Ttl kNoTtl{0};

// Longer ttls are kInvalidArgument: 100 years, so that no sum overflows.
inline constexpr Ttl kMaxTtl = std::chrono::hours(24 * 365 * 100);

}  // namespace appcache

#endif  // APPCACHE_ENGINE_TTL_H_
