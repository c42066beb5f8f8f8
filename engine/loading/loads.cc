#include "engine/loading/loads.h"

#include <algorithm>

namespace appcache::internal {

void LoadCounters::AddTo(CacheStats& stats) const noexcept {
  constexpr auto kRelaxed = std::memory_order_relaxed;
  const uint64_t failed = failures.load(kRelaxed);
  stats.loads += successes.load(kRelaxed) + failed;
  stats.load_failures += failed;
  stats.loads_shared += shared.load(kRelaxed);
  stats.negative_hits += negative_hits.load(kRelaxed);
  stats.stale_served += stale_served.load(kRelaxed);
  stats.refreshes += refreshes.load(kRelaxed);
  stats.loads_timed_out += timed_out.load(kRelaxed);
  stats.lock_waits += lock_waits.load(kRelaxed);
}

void Loads::AddAbsence(std::string_view path, TimePoint now,
                       Ttl remembered_for) {
  if (remembered_for <= Ttl(0)) return;
  absences.Add(path, now + std::min(remembered_for, kMaxTtl));
}

void Loads::AddPause(std::string_view path, TimePoint now,
                     const LoadOptions& options) noexcept {
  const bool matters =
      options.stale_for > Ttl(0) || options.refresh_ahead > Ttl(0);
  if (!matters || options.retry_pause <= Ttl(0)) return;
  try {
    pauses.Add(path, now + std::min<Ttl>(options.retry_pause, kMaxTtl));
  } catch (...) {
    // The next caller may retry at once.
  }
}

}  // namespace appcache::internal
