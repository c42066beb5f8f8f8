// Times: how long an entry lives (Ttl), and points in time (TimePoint).

#ifndef APPCACHE_TIMES_H_
#define APPCACHE_TIMES_H_

#include "appcache/lean_std.h"

namespace appcache {

// A time to live, in milliseconds. Zero: the entry never expires. Negative is
// kInvalidArgument.
using Ttl = std::chrono::milliseconds;
inline constexpr Ttl kNoTtl{0};

// A longer ttl is kInvalidArgument. 100 years, so that no sum overflows.
inline constexpr Ttl kMaxTtl = std::chrono::hours(24 * 365 * 100);

// Microseconds since the Unix epoch, by some Clock (clock.h).
using TimePoint = std::chrono::sys_time<std::chrono::microseconds>;

}  // namespace appcache

#endif  // APPCACHE_TIMES_H_
