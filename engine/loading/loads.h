// Loads: what a cache knows, in this process, of the loads of GetVia.

#ifndef APPCACHE_ENGINE_LOADING_LOADS_H_
#define APPCACHE_ENGINE_LOADING_LOADS_H_

#include <atomic>
#include <cstdint>
#include <string_view>

#include "engine/load_options.h"
#include "engine/loading/background.h"
#include "engine/loading/single_flight.h"
#include "engine/loading/staleness.h"
#include "engine/loading/until_table.h"
#include "engine/stats.h"
#include "engine/ttl.h"

namespace appcache {

// See CacheStats.
struct LoadCounters {
  using Counter = std::atomic<uint64_t>;

  Counter loads{0};
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

// Thread safety: all of it.
struct Loads {
  SingleFlight flights;

  // Keys that a loader did not find.
  UntilTable absences;

  // Keys whose loader has failed.
  UntilTable pauses;

  Background background;
  Chance chance;

  // `remembered_for`: as NotFound of Loaded takes it. Throws std::bad_alloc.
  void AddAbsence(std::string_view path, TimePoint now, Ttl remembered_for);

  // Of a load that failed. Without memory there is no pause.
  void AddPause(std::string_view path, TimePoint now,
                const LoadOptions& options) noexcept;

  // For PerProcess: what the parent's threads began, none of the child's ends.
  void AbandonInChild() noexcept {}

  // Of writes. Each begins after its SingleFlight::Write, so that no load which
  // is older than the write adds to a table after it.
  void Forget(std::string_view path) noexcept { absences.Erase(path); }
  void ForgetAll() noexcept { absences.Clear(); }
};

}  // namespace appcache

#endif  // APPCACHE_ENGINE_LOADING_LOADS_H_
