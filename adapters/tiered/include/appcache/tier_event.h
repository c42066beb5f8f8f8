// TierEvent: a change of a tier's state that a program may want to hear of at
// once, and the hook that receives it (TieredOptions::hook).

#ifndef APPCACHE_TIER_EVENT_H_
#define APPCACHE_TIER_EVENT_H_

#include <functional>
#include <string>
#include <string_view>

#include "appcache/export.h"
#include "appcache/times.h"

namespace appcache {

struct TierEvent {
  enum class Kind {
    // The link is up, and the remote notifies the tier about every change.
    kTracking,
    // The link is up, and tiers notify each other about their own changes.
    kAnnounced,
    // The remote does not support notifications.
    kUntracked,
    // The link is lost: no notifications until one of the above.
    kLinkLost,
    // The circuit breaker has opened: calls of the remote fail at once.
    kBreakerOpened,
    // The circuit breaker has closed: calls go to the remote again.
    kBreakerClosed,
    // An invalidation failed and the retry queue was full. The remote may serve
    // the old entry until it expires.
    kInvalidationLost,
  };

  Kind kind = Kind::kTracking;
  TimePoint at;  // by the tier's clock
  // Why, for a person: an error message, or the path that kInvalidationLost is
  // about. May be empty.
  std::string detail;
};

// "tracking", "link_lost", ...: the kind in lower case with underscores.
APPCACHE_EXPORT std::string_view ToString(TierEvent::Kind kind) noexcept;

// Called by a thread of the tier, in the order of the events, one at a time. No
// read or write waits for it, however long it takes: while it runs, up to 256
// events are queued, and further ones are dropped and counted
// (TierReport::events_dropped).
//
// It may use the cache, but must not destroy it. It may run until the
// destructor of the TieredCache returns: the destructor first waits for a call
// in progress, during which the cache still works, and discards the events in
// the queue. An exception that it throws is logged.
using TierHook = std::function<void(const TierEvent& event)>;

}  // namespace appcache

#endif  // APPCACHE_TIER_EVENT_H_
