#include "appcache/tier_report.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "appcache/prometheus.h"

namespace appcache {

std::string_view ToString(Coherence coherence) noexcept {
  switch (coherence) {
    case Coherence::kTracking:
      return "tracking";
    case Coherence::kAnnounced:
      return "announced";
    case Coherence::kUntracked:
      return "untracked";
    case Coherence::kLost:
      return "lost";
  }
  return "unknown";
}

void AddTo(PrometheusText& text, const TierReport& report) {
  using Seconds = std::chrono::duration<double>;
  text.Gauge("tier_coherent",
             "1 when every read is within max_staleness and no invalidation is "
             "queued for retry.",
             report.is_coherent ? 1 : 0);
  text.Gauge("tier_tracking",
             "1 when the remote notifies the tier about every change.",
             report.coherence == Coherence::kTracking ? 1 : 0);
  if (report.heartbeat_age) {
    text.Gauge("tier_confirmed_ago_seconds", "Age of the last heartbeat.",
               Seconds(*report.heartbeat_age).count());
  }
  const DelayHistogram& delays = report.heartbeat_delays;
  std::array<double, DelayHistogram::kBounds.size()> bounds{};
  std::transform(delays.kBounds.begin(), delays.kBounds.end(), bounds.begin(),
                 [](auto bound) { return Seconds(bound).count(); });
  text.Histogram("tier_confirmation_delay_seconds",
                 "Round-trip times of heartbeats.", bounds, delays.counts,
                 Seconds(delays.sum).count());
  text.Counter("tier_local_hits", "Reads answered by a fresh local copy.",
               report.local_hits);
  text.Counter("tier_stale_hits", "Reads answered by a stale local copy.",
               report.stale_hits);
  text.Counter("tier_local_absences",
               "Reads answered by a local copy of a miss.",
               report.negative_hits);
  text.Counter("tier_remote_hits", "Reads answered by the remote.",
               report.remote_hits);
  text.Counter("tier_remote_misses", "Reads that the remote had no entry for.",
               report.remote_misses);
  text.Counter("tier_remote_errors", "Reads that failed at the remote.",
               report.remote_errors);
  text.Counter("tier_fetches_shared",
               "Reads that shared the fetch of another caller.",
               report.fetches_shared);
  text.Counter("tier_copies_kept", "Fetched results stored as a local copy.",
               report.copies_stored);
  text.Counter("tier_copies_overtaken",
               "Fetched results discarded because the entry had changed.",
               report.copies_discarded);
  text.Counter("tier_changes_told", "Paths notified as changed.",
               report.changes_notified);
  text.Counter("tier_all_changes_told",
               "Notifications that all entries have changed.",
               report.full_invalidations);
  text.Counter("tier_links_lost", "How often the link was lost.",
               report.links_lost);
  text.Counter("tier_links_made", "How often the link was established.",
               report.links_made);
  text.Gauge("tier_asks_remote", "1 when the circuit breaker is closed.",
             report.breaker_is_closed ? 1 : 0);
  text.Counter("tier_breaker_openings", "How often the circuit breaker opened.",
               report.breaker_openings);
  text.Gauge("tier_pending", "Invalidations in the retry queue.",
             static_cast<double>(report.invalidations_queued));
  text.Counter("tier_pending_lost",
               "Invalidations lost because the retry queue was full.",
               report.invalidations_lost);
  text.Counter("tier_events_dropped", "Events that the hook did not receive.",
               report.events_dropped);
}

}  // namespace appcache
