#include "appcache/tiered_cache.h"

#include <utility>

#include "adapters/tiered/tiered_backend.h"

namespace appcache {

TieredCache::TieredCache(const std::shared_ptr<tiered::TieredBackend>& tier,
                         CacheOptions options)
    : Cache(tier, std::move(options)), tier_(*tier) {}

// The hook may begin loads, so it ends first. Loaders may use this object, so
// they end here and not in the base class, which then releases the backend.
TieredCache::~TieredCache() {
  tier_.StopHook();
  StopLoads();
}

TieredCache::Opened TieredCache::Open(std::shared_ptr<Backend> local,
                                      std::shared_ptr<Backend> remote,
                                      TieredOptions options) {
  return WithoutExceptions<Opened>([&]() -> Opened {
    auto tier = tiered::TieredBackend::Open(std::move(local), std::move(remote),
                                            options);
    if (!tier.ok()) return tier.status();
    return std::unique_ptr<TieredCache>(
        new TieredCache(*tier, std::move(options.cache)));
  });
}

bool TieredCache::coherent() const { return tier_.is_coherent(); }

TierReport TieredCache::Report() const { return tier_.Report(); }

}  // namespace appcache
