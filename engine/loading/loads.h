// Loads: what one process remembers about the loads of a cache.

#ifndef APPCACHE_ENGINE_LOADING_LOADS_H_
#define APPCACHE_ENGINE_LOADING_LOADS_H_

#include <atomic>
#include <cstdint>
#include <string_view>

#include "appcache/load_options.h"
#include "appcache/stats.h"
#include "appcache/times.h"
#include "engine/loading/background_loads.h"
#include "engine/loading/expiring_key_set.h"
#include "engine/loading/single_flight.h"
#include "engine/loading/staleness.h"

namespace appcache::internal {

// See CacheStats. Thread-safe.
struct LoadCounters {
  using Counter = std::atomic<uint64_t>;

  // Loaders that returned, and loaders that threw. They are not counted when
  // they start, because then the number of successes, which metrics report,
  // would shrink when a running loader throws.
  Counter successes{0};
  Counter failures{0};
  Counter shared{0};
  Counter negative_hits{0};
  Counter stale_served{0};
  Counter refreshes{0};
  Counter timed_out{0};
  Counter lock_waits{0};

  static void Count(Counter& counter) noexcept {
    counter.fetch_add(1, std::memory_order_relaxed);
  }

  void AddTo(CacheStats& stats) const noexcept;
};

// Thread-safe.
struct Loads {
  SingleFlight flights;
  // Keys for which a loader found no value.
  ExpiringKeySet absences;
  // Keys whose loader failed recently.
  ExpiringKeySet pauses;
  BackgroundLoads background;
  JitterSource jitter;

  // Remembers that there is no value, as Loaded<V>::NotFound says. Throws
  // std::bad_alloc.
  void AddAbsence(std::string_view path, TimePoint now, Ttl remembered_for);

  // Remembers a failed load. Without memory there is no pause.
  void AddPause(std::string_view path, TimePoint now,
                const LoadOptions& options) noexcept;

  // For PerProcess: nothing that a thread of the parent began ends here.
  void AbandonInChild() noexcept {}

  // A write to the path, or to all paths. REQUIRES: called within a
  // SingleFlight::Write, so that no older load adds to a set afterwards.
  void Forget(std::string_view path) noexcept { absences.Erase(path); }
  void ForgetAll() noexcept { absences.Clear(); }
};

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_LOADING_LOADS_H_
