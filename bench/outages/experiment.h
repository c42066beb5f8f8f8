// Experiment: two tiers on one Redis server, under load, observed during one
// event.

#ifndef APPCACHE_BENCH_OUTAGES_EXPERIMENT_H_
#define APPCACHE_BENCH_OUTAGES_EXPERIMENT_H_

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "appcache/redis_cache_options.h"
#include "appcache/tiered_cache.h"
#include "bench/outages/load.h"

namespace appcache::outages {

// Opens a tier with its own local cache in memory.
std::unique_ptr<TieredCache> OpenTier(const RedisCacheOptions& remote,
                                      const TieredOptions& options);
// Waits until the tier is coherent. Returns false after half a minute.
bool AwaitCoherent(const TieredCache& tier);

// What was observed during an event.
struct Outcome {
  // The total time during which at least one tier was not coherent.
  std::chrono::microseconds incoherent{0};
  // How long after the server was back that was last the case.
  std::chrono::microseconds incoherent_after_back{0};
  LoadCounters counters;
  bool is_coherent_again = false;
};

class Experiment {
 public:
  // The tiers have the default options, except for `when_lost`.
  Experiment(const RedisCacheOptions& remote, WhenLost when_lost);

  Load& load() { return *load_; }

  // Observes the tiers during `event()`, which returns when the server is back,
  // and for some seconds after it.
  Outcome Observe(const std::function<void()>& event);

 private:
  bool AreCoherent() const { return one_->coherent() && other_->coherent(); }

  const std::unique_ptr<TieredCache> one_;
  const std::unique_ptr<TieredCache> other_;
  std::optional<Load> load_;
};

}  // namespace appcache::outages

#endif  // APPCACHE_BENCH_OUTAGES_EXPERIMENT_H_
