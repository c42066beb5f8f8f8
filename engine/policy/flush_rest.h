// The pause between two flushes of accesses.

#ifndef APPCACHE_ENGINE_POLICY_FLUSH_REST_H_
#define APPCACHE_ENGINE_POLICY_FLUSH_REST_H_

#include <algorithm>
#include <chrono>

#include "appcache/times.h"

namespace appcache::policy {

// After a flush, maintenance pauses for this many times as long as it took, so
// that flushing takes at most 2 % of the time, however many entries are in use.
// (Without a pause, and with 10,000 hot entries in memory, a get took three
// times as long: each commit makes readers fetch their pages again.)
inline constexpr int kRestPerFlush = 50;

// The longest pause, however long the flush waited or the clock jumped.
inline constexpr TimePoint::duration kLongestRest = std::chrono::seconds(5);

// `took` may be any duration, also negative: the clock may have been set.
constexpr TimePoint::duration RestAfterFlush(
    TimePoint::duration took) noexcept {
  return kRestPerFlush * std::clamp(took, TimePoint::duration::zero(),
                                    kLongestRest / kRestPerFlush);
}

}  // namespace appcache::policy

#endif  // APPCACHE_ENGINE_POLICY_FLUSH_REST_H_
