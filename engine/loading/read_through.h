// ReadThrough: one call of GetVia. Include cache.h instead.
//
// Run is the whole way; each step is below it, in order. What does not depend
// on a type is in loading/*.cc and cache.cc.

#ifndef APPCACHE_ENGINE_LOADING_READ_THROUGH_H_
#define APPCACHE_ENGINE_LOADING_READ_THROUGH_H_

#include <cstdint>
#include <optional>
#include <utility>

#include "engine/cache.h"  // IWYU pragma: keep
#include "engine/loading/leader_load.h"

namespace appcache {

template <CacheKey K, class Loader>
class ReadThrough {
 public:
  using V = typename K::value_type;
  using S = typename internal::SerialiserOf<K>::type;
  using Result = internal::LoadResult<V, Loader>;

  // All of them must outlive this object.
  ReadThrough(Cache& cache, const K& key, Loader&& loader,
              const LoadOptions& options)
      : cache_(cache),
        key_(key),
        loader_(std::forward<Loader>(loader)),
        options_(options) {}

  Result Run() {
    const Status failure = Prepare();
    if (value_) return *std::move(value_);
    if constexpr (kMayFindNone) {
      if (is_absent_) {
        LoadCounters::Count(cache_.load_counters_.negative_hits);
        return std::nullopt;
      }
    }
    if (!ticket_) {
      cache_.WarnLoadNotStored(failure);
      return LoadAlone();
    }
    if (!ticket_->is_leader()) return Follow();
    LeaderLoad<K> load(cache_, *loads_, key_, path_.view(), options_, *ticket_);
    // Another leader may have landed between our look and our turn.
    if (loads_->flights.landings() != landings_) {
      Look();
      if (value_) {
        load.ShareFound(*value_);
        return *std::move(value_);
      }
    }
    return ToResult(load.Run(std::forward<Loader>(loader_)));
  }

 private:
  static constexpr bool kMayFindNone = internal::kMayFindNone<Loader>;

  static Result ToResult(Loaded<V> loaded) {
    if constexpr (kMayFindNone) {
      return std::move(loaded.value());
    } else {
      return *std::move(loaded.value());
    }
  }

  // Looks, and joins a flight if there is nothing.
  Status Prepare() noexcept {
    try {
      const auto resolved = cache_.Resolve(key_, path_);
      if (!resolved.found) return resolved.status;
      loads_ = &cache_.loads_.Get();
      landings_ = loads_->flights.landings();
      Look();
      if (value_) return Status();
      is_absent_ = kMayFindNone &&
                   loads_->absences.Holds(path_.view(), cache_.LoadNow());
      if (!is_absent_) ticket_.emplace(loads_->flights.Join(path_.view()));
      return Status();
    } catch (...) {
      return Cache::CurrentException();
    }
  }

  void Look() noexcept {
    try {
      Lookup<V> found = Cache::ParseWith<S, V>(cache_.Read(path_.view()));
      if (found) value_.emplace(*std::move(found));
    } catch (...) {
      // A cache that fails is a miss.
    }
  }

  Result Follow() {
    using Outcome = SingleFlight::Ticket::Outcome;
    Bytes shared;
    const Outcome outcome =
        ticket_->Wait(*cache_.options_.load_clock, options_.max_wait, shared);
    if (outcome == Outcome::kShared) {
      Lookup<V> value =
          Cache::ParseWith<S, V>(Lookup<Bytes>::Hit(std::move(shared)));
      if (value) {
        LoadCounters::Count(cache_.load_counters_.shared);
        return *std::move(value);
      }
    }
    if constexpr (kMayFindNone) {
      if (outcome == Outcome::kNothing) {
        LoadCounters::Count(cache_.load_counters_.shared);
        return std::nullopt;
      }
    }
    return LoadAlone();
  }

  // Neither shared nor stored.
  Result LoadAlone() {
    return ToResult(
        CallLoader<V>(cache_.load_counters_, std::forward<Loader>(loader_)));
  }

  Cache& cache_;
  const K& key_;
  Loader&& loader_;
  const LoadOptions& options_;

  KeyPath path_;
  Loads* loads_ = nullptr;
  uint64_t landings_ = 0;
  std::optional<V> value_;
  bool is_absent_ = false;
  std::optional<SingleFlight::Ticket> ticket_;
};

template <CacheKey K, class Loader>
internal::LoadResult<typename K::value_type, Loader> Cache::GetVia(
    const K& key, Loader&& loader, const LoadOptions& options) {
  return ReadThrough<K, Loader>(*this, key, std::forward<Loader>(loader),
                                options)
      .Run();
}

}  // namespace appcache

#endif  // APPCACHE_ENGINE_LOADING_READ_THROUGH_H_
