// Scene: two tiers on one Redis server, under load, for one event.

#ifndef APPCACHE_BENCH_OUTAGES_SCENE_H_
#define APPCACHE_BENCH_OUTAGES_SCENE_H_

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "adapters/redis/redis_cache.h"
#include "adapters/tiered/tiered_cache.h"
#include "bench/outages/load.h"

namespace appcache::outages {

// Over what a tier reaches its server: each calls it once.
std::unique_ptr<TieredCache> OpenTier(const RedisCacheOptions& remote,
                                      const TieredOptions& options);
// False: it has not become so within half a minute.
bool AwaitCoherent(const TieredCache& tier);

// What an event did.
struct Outcome {
  // How long, all in all, not both tiers were coherent; and until when after
  // the server was back.
  std::chrono::microseconds incoherent{0};
  std::chrono::microseconds after_back{0};
  Seen seen;
  bool is_coherent_again = false;
};

class Scene {
 public:
  // Of tiers with the default options, but for `when_lost`.
  Scene(const RedisCacheOptions& remote, WhenLost when_lost);

  Load& load() { return *load_; }

  // `event()` returns when the server is there again. Watches from before it
  // until some seconds later.
  Outcome Watch(const std::function<void()>& event);

 private:
  bool AreCoherent() const { return one_->coherent() && two_->coherent(); }

  const std::unique_ptr<TieredCache> one_;
  const std::unique_ptr<TieredCache> two_;
  std::optional<Load> load_;
};

}  // namespace appcache::outages

#endif  // APPCACHE_BENCH_OUTAGES_SCENE_H_
