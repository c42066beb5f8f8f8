// How long the flushing of uses rests.

#ifndef APPCACHE_ENGINE_POLICY_FLUSH_REST_H_
#define APPCACHE_ENGINE_POLICY_FLUSH_REST_H_

#include <algorithm>
#include <chrono>

#include "engine/clock.h"

namespace appcache::policy {

// After a flush that took some time, maintenance rests this many times as long:
// flushing takes at most 2 % of the time, however many entries are in use.
// (With 10,000 hot entries in memory and no rest, a get took three times as
// long: each commit makes readers fetch their pages again, and wait.)
inline constexpr int kRestPerFlush = 50;

// No rest is longer, however long the flush waited or the clock jumped.
inline constexpr TimePoint::duration kLongestRest = std::chrono::seconds(5);

// `took` may be anything: the clock may have been set.
constexpr TimePoint::duration RestAfterFlush(
    TimePoint::duration took) noexcept {
  return kRestPerFlush * std::clamp(took, TimePoint::duration::zero(),
                                    kLongestRest / kRestPerFlush);
}

}  // namespace appcache::policy

#endif  // APPCACHE_ENGINE_POLICY_FLUSH_REST_H_
