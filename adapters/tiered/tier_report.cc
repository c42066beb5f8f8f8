#include "adapters/tiered/tier_report.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "engine/prometheus.h"

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
             "Whether reads are within max_staleness and nothing is pending.",
             report.is_coherent ? 1 : 0);
  text.Gauge("tier_tracking", "Whether the remote itself tells of changes.",
             report.coherence == Coherence::kTracking ? 1 : 0);
  if (report.confirmed_ago) {
    text.Gauge("tier_confirmed_ago_seconds", "Age of the last confirmation.",
               Seconds(*report.confirmed_ago).count());
  }
  const DelayHistogram& delays = report.confirmation_delays;
  std::array<double, DelayHistogram::kBounds.size()> bounds{};
  std::transform(delays.kBounds.begin(), delays.kBounds.end(), bounds.begin(),
                 [](auto bound) { return Seconds(bound).count(); });
  text.Histogram("tier_confirmation_delay_seconds",
                 "How long confirmations took to come.", bounds, delays.counts,
                 Seconds(delays.sum).count());
  text.Counter("tier_local_hits", "Reads that a fresh copy answered.",
               report.local_hits);
  text.Counter("tier_stale_hits", "Reads that a stale copy answered.",
               report.stale_hits);
  text.Counter("tier_local_absences", "Misses that the local cache knew of.",
               report.local_absences);
  text.Counter("tier_remote_hits", "Reads that the remote answered.",
               report.remote_hits);
  text.Counter("tier_remote_misses", "Reads of what the remote has not.",
               report.remote_misses);
  text.Counter("tier_remote_errors", "Reads that the remote failed.",
               report.remote_errors);
  text.Counter("tier_fetches_shared", "Reads that waited for another's fetch.",
               report.fetches_shared);
  text.Counter("tier_copies_kept", "Fetches kept as a copy.",
               report.copies_kept);
  text.Counter("tier_copies_overtaken", "Fetches that a change had overtaken.",
               report.copies_overtaken);
  text.Counter("tier_changes_told", "Paths told as changed.",
               report.changes_told);
  text.Counter("tier_all_changes_told", "How often all were told as changed.",
               report.all_changes_told);
  text.Counter("tier_links_lost", "How often the link was lost.",
               report.links_lost);
  text.Counter("tier_links_made", "How often the link came.",
               report.links_made);
  text.Gauge("tier_asks_remote", "Whether the breaker is closed.",
             report.asks_remote ? 1 : 0);
  text.Counter("tier_breaker_openings", "How often the breaker opened.",
               report.breaker_openings);
  text.Gauge("tier_pending", "Invalidations to be repeated.",
             static_cast<double>(report.pending));
  text.Counter("tier_pending_lost", "Invalidations that there was no room for.",
               report.pending_lost);
  text.Counter("tier_events_dropped", "Events that the hook was not told of.",
               report.events_dropped);
}

}  // namespace appcache
