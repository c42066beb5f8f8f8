// TierReport: the state of a TieredCache, and counters of what it has done.

#ifndef APPCACHE_TIER_REPORT_H_
#define APPCACHE_TIER_REPORT_H_

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "appcache/export.h"
#include "appcache/require_cxx20.h"

namespace appcache {

// Who notifies the tier about changes that others make.
enum class Coherence {
  kTracking,   // the remote, about every change
  kAnnounced,  // the other tiers, about the changes that they make
  kUntracked,  // nobody: copies live for TieredOptions::untracked_ttl at most
  kLost,       // nobody at the moment: the link is lost, or not up yet
};

// "tracking", "announced", "untracked", "lost".
APPCACHE_EXPORT std::string_view ToString(Coherence coherence) noexcept;

// The round-trip times of heartbeats. A change is notified before the reply to
// the first heartbeat that is requested after it. So a notification takes at
// most a quarter of max_staleness, which is the interval between requests, and
// this.
struct DelayHistogram {
  static constexpr std::array<std::chrono::microseconds, 15> kBounds = {
      std::chrono::microseconds(100),
      std::chrono::microseconds(250),
      std::chrono::microseconds(500),
      std::chrono::microseconds(1'000),
      std::chrono::microseconds(2'500),
      std::chrono::microseconds(5'000),
      std::chrono::microseconds(10'000),
      std::chrono::microseconds(25'000),
      std::chrono::microseconds(50'000),
      std::chrono::microseconds(100'000),
      std::chrono::microseconds(250'000),
      std::chrono::microseconds(500'000),
      std::chrono::microseconds(1'000'000),
      std::chrono::microseconds(2'500'000),
      std::chrono::microseconds(5'000'000)};

  // counts[i]: delays up to kBounds[i] and above the bound before it. The last
  // count: delays above all bounds.
  std::array<uint64_t, kBounds.size() + 1> counts{};
  std::chrono::microseconds sum{0};
};

// Counters start at zero when the tier is opened and only grow. They are exact
// when no call is in progress.
struct TierReport {
  Coherence coherence = Coherence::kLost;
  // As TieredCache::coherent.
  bool is_coherent = false;

  // The age of the last heartbeat: every change that was acknowledged to its
  // writer before that has been notified. None before the first heartbeat.
  std::optional<std::chrono::microseconds> heartbeat_age;
  // The round-trip time of the last heartbeat, and of all.
  std::chrono::microseconds heartbeat_delay{0};
  DelayHistogram heartbeat_delays;

  // Reads, in keys, by what answered them. A read that got a stale copy because
  // the remote failed counts in stale_hits and in remote_errors.
  uint64_t local_hits = 0;     // a copy within max_staleness
  uint64_t stale_hits = 0;     // a copy that may be older than that
  uint64_t negative_hits = 0;  // a copy of a miss (TieredOptions::absence_ttl)
  uint64_t remote_hits = 0;
  uint64_t remote_misses = 0;
  uint64_t remote_errors = 0;

  // Reads that got the result of another caller's fetch.
  uint64_t fetches_shared = 0;

  // Fetched results that were stored as a copy, and results that were not,
  // because the entry had changed during the fetch.
  uint64_t copies_stored = 0;
  uint64_t copies_discarded = 0;

  // Notifications: paths that have changed, and how often all entries have.
  uint64_t changes_notified = 0;
  uint64_t full_invalidations = 0;

  // How often the link was lost, and how often it was established.
  uint64_t links_lost = 0;
  uint64_t links_made = 0;

  // The circuit breaker: true when calls go to the remote. And how often it
  // has opened.
  bool breaker_is_closed = true;
  uint64_t breaker_openings = 0;

  // Failed invalidations: those in the retry queue now, and those that were
  // lost because the queue was full.
  uint64_t invalidations_queued = 0;
  uint64_t invalidations_lost = 0;

  // Events that the hook did not receive (tier_event.h).
  uint64_t events_dropped = 0;
};

class PrometheusText;

// Adds all of it to `text` (prometheus.h), with names that start with "tier_".
// Throws std::bad_alloc.
APPCACHE_EXPORT void AddTo(PrometheusText& text, const TierReport& report);

}  // namespace appcache

#endif  // APPCACHE_TIER_REPORT_H_
