// TierEvent: what happens to a tier that somebody may want to hear of at once.

#ifndef APPCACHE_ADAPTERS_TIERED_TIER_EVENT_H_
#define APPCACHE_ADAPTERS_TIERED_TIER_EVENT_H_

#include <functional>
#include <string>
#include <string_view>

#include "engine/clock.h"

namespace appcache {

struct TierEvent {
  enum class Kind {
    kTracking,          // the remote itself tells of changes, from now on
    kAnnounced,         // the tiers tell each other, from now on
    kUntracked,         // nobody tells, from now on
    kLinkLost,          // not at the moment
    kBreakerOpened,     // the remote is not asked for a while
    kBreakerClosed,     // it is asked again
    kInvalidationLost,  // there was no room to keep one that failed
  };

  Kind kind = Kind::kTracking;
  TimePoint at;        // by the tier's clock
  std::string detail;  // for a person; may be empty
};

// "tracking", "link_lost", ...
std::string_view ToString(TierEvent::Kind kind) noexcept;

// Called by a thread of the tier's own, in the order of the events, one at a
// time: no read or write waits for it, however long it takes. Meanwhile 256
// events are kept; what comes beyond that is dropped, and counted
// (TierReport::events_dropped). May use the cache, but not destroy it; an
// exception is logged. The cache's destructor waits for a call in progress, and
// drops what has not been told.
using TierHook = std::function<void(const TierEvent& event)>;

}  // namespace appcache

#endif  // APPCACHE_ADAPTERS_TIERED_TIER_EVENT_H_
