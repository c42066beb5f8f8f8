// RemoteLevel: the remote cache, behind a breaker.

#ifndef APPCACHE_ADAPTERS_TIERED_REMOTE_LEVEL_H_
#define APPCACHE_ADAPTERS_TIERED_REMOTE_LEVEL_H_

#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/tiered/breaker.h"
#include "engine/cache.h"

namespace appcache::tiered {

// Whether the remote may have something else than what the writer knows of. Not
// when it has refused: of a value that is too large it has nothing, and
// otherwise what it had.
bool LeavesDoubt(const Status& outcome) noexcept;

// Thread-safe. Every operation is one of the remote's, or fails at once while
// the breaker is open. A write of many of which the remote refuses some is made
// again in halves, and these in halves, so that all the others are written, as
// far as 64 calls do for that; if some are refused and others fail, it is the
// failure that is returned.
class RemoteLevel {
 public:
  RemoteLevel(std::shared_ptr<Cache> cache, const BreakerOptions& options,
              std::shared_ptr<const Clock> clock, uint64_t seed,
              Breaker::OnChange on_change)
      : cache_(std::move(cache)),
        tells_ttl_(cache_->Traits().tells_ttl),
        breaker_(options, std::move(clock), seed, std::move(on_change)) {}

  // Whether what is left of a ttl is the remote's word. If not, it is kNoTtl.
  bool tells_ttl() const noexcept { return tells_ttl_; }

  Lookup<TimedBytes> Get(std::string_view path);
  std::vector<Lookup<TimedBytes>> GetMany(
      std::span<const std::string_view> paths);
  Lookup<Ttl> TtlOf(std::string_view path);
  Status Set(std::span<const Cache::RawEntry> entries);
  Result<bool> Add(const Cache::RawEntry& entry);
  Status Invalidate(std::span<const std::string_view> paths);
  // Takes long, and so is no probe of a breaker that is not closed: a ping is.
  Status InvalidatePrefix(std::string_view path_prefix);
  Status Clear();

  Cache& cache() const noexcept { return *cache_; }
  Breaker& breaker() noexcept { return breaker_; }
  const Breaker& breaker() const noexcept { return breaker_; }

 private:
  // What `change()` yields, if it may be made.
  template <class Change>
  Status Try(const Change& change);
  // The same of `change(items)`, with so many calls besides the first.
  template <class Item, class Change>
  Status TryMany(std::span<const Item> items, const Change& change, int& calls);

  const std::shared_ptr<Cache> cache_;
  const bool tells_ttl_;
  Breaker breaker_;
};

}  // namespace appcache::tiered

#endif  // APPCACHE_ADAPTERS_TIERED_REMOTE_LEVEL_H_
