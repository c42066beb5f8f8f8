// TierReport: what a TieredCache is at the moment, and what it has done.

#ifndef APPCACHE_ADAPTERS_TIERED_TIER_REPORT_H_
#define APPCACHE_ADAPTERS_TIERED_TIER_REPORT_H_

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace appcache {

// How the tier learns of changes that others make.
enum class Coherence {
  kTracking,   // the remote tells of each
  kAnnounced,  // tiers tell each other
  kUntracked,  // nobody tells: copies are short-lived
  kLost,       // not at the moment: the link is lost, or not there yet
};

// "tracking", "announced", "untracked", "lost".
std::string_view ToString(Coherence coherence) noexcept;

// How long confirmations took to come. A change is heard of before the first
// confirmation that is asked for after it: so after the time from one question
// to the next, a quarter of max_staleness, and this, at the latest.
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

  // Of those up to kBounds[i], and above the one before; the last: above all.
  std::array<uint64_t, kBounds.size() + 1> counts{};
  std::chrono::microseconds sum{0};
};

// Counters start at zero with the object and only grow.
struct TierReport {
  Coherence coherence = Coherence::kLost;
  // See TieredCache::coherent.
  bool is_coherent = false;
  // How old the last confirmation is, if there was one; how long it took to
  // come, and how long all did.
  std::optional<std::chrono::microseconds> confirmed_ago;
  std::chrono::microseconds confirmation_delay{0};
  DelayHistogram confirmation_delays;

  // Reads, in keys, by who answered. A local hit that is beyond max_staleness,
  // or served because the remote failed, is stale; a local absence is a miss
  // that the remote was not asked for.
  uint64_t local_hits = 0;
  uint64_t stale_hits = 0;
  uint64_t local_absences = 0;
  uint64_t remote_hits = 0;
  uint64_t remote_misses = 0;
  uint64_t remote_errors = 0;
  // Of those that the remote answered: how many waited for another's fetch.
  uint64_t fetches_shared = 0;

  // Fetches that were kept as a copy, and those that a change had overtaken.
  uint64_t copies_kept = 0;
  uint64_t copies_overtaken = 0;

  // Paths that were told as changed; how often all were; how often the link was
  // lost, and came.
  uint64_t changes_told = 0;
  uint64_t all_changes_told = 0;
  uint64_t links_lost = 0;
  uint64_t links_made = 0;

  // The breaker: whether calls go through to the remote, and how often it has
  // opened.
  bool asks_remote = true;
  uint64_t breaker_openings = 0;

  // Invalidations to be repeated, and those that were lost for want of room.
  uint64_t pending = 0;
  uint64_t pending_lost = 0;

  // Events that the hook was not told of (tier_event.h).
  uint64_t events_dropped = 0;
};

class PrometheusText;  // prometheus.h

// All of it, as figures named tier_...
void AddTo(PrometheusText& text, const TierReport& report);

}  // namespace appcache

#endif  // APPCACHE_ADAPTERS_TIERED_TIER_REPORT_H_
