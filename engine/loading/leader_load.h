// LeaderLoad: what the leader of a flight does. Include cache.h instead.
//
// Calls the loader, shares what it made with those who wait, and stores it
// unless a write has superseded the flight.

#ifndef APPCACHE_ENGINE_LOADING_LEADER_LOAD_H_
#define APPCACHE_ENGINE_LOADING_LEADER_LOAD_H_

#include <exception>
#include <functional>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "engine/cache.h"  // IWYU pragma: keep
#include "engine/loading/process_lock.h"

namespace appcache {

// Calls `loader`, and counts that. Throws what it throws.
template <class V, class Loader>
Loaded<V> CallLoader(LoadCounters& counters, Loader&& loader) {
  LoadCounters::Count(counters.loads);
  try {
    if constexpr (internal::kMayFindNone<Loader>) {
      static_assert(
          std::is_same_v<std::remove_cvref_t<std::invoke_result_t<Loader>>,
                         Loaded<V>>,
          "the loader has to return Loaded of the key's own value_type");
      return std::invoke(std::forward<Loader>(loader));
    } else {
      return Loaded<V>(V(std::invoke(std::forward<Loader>(loader))));
    }
  } catch (...) {
    LoadCounters::Count(counters.failures);
    throw;
  }
}

template <CacheKey K>
class LeaderLoad {
 public:
  using V = typename K::value_type;
  using S = typename internal::SerialiserOf<K>::type;

  // All of them must outlive this object. `ticket` leads. `replaces`: whether
  // there is a value in the cache.
  LeaderLoad(Cache& cache, Loads& loads, const K& key, std::string_view path,
             const LoadOptions& options, bool replaces,
             SingleFlight::Ticket& ticket)
      : cache_(cache),
        loads_(loads),
        key_(key),
        path_(path),
        options_(options),
        replaces_(replaces),
        ticket_(ticket) {}

  // Nothing when there is a value and another process makes a newer one. Throws
  // what the loader throws; then that is shared, and nothing is stored.
  template <class Loader>
  std::optional<Loaded<V>> Run(Loader&& loader) {
    if (options_.process_lock <= Ttl(0)) {
      return LoadAndLand(std::forward<Loader>(loader));
    }
    ProcessLock lock(cache_, path_, options_.process_lock);
    if (lock.is_anothers()) {
      LoadCounters::Count(cache_.load_counters_.lock_waits);
      if (replaces_) return std::nullopt;
    }
    if (!replaces_) {
      if (std::optional<V> found = LookUnder(lock)) {
        ShareFound(*found);
        return Loaded<V>(*std::move(found));
      }
    }
    return LoadAndLand(std::forward<Loader>(loader));
  }

  // Shares what the cache turned out to hold.
  void ShareFound(const V& value) {
    try {
      const auto serialised = S::Serialise(value);
      ticket_.Land(Bytes::Copy(serialised), [] {});
    } catch (...) {
      // It cannot be shared: whoever waits loads for himself.
    }
  }

 private:
  // What another process has stored in the meantime, or stores while this one
  // waits for its lock.
  std::optional<V> LookUnder(ProcessLock& lock) noexcept {
    for (;;) {
      try {
        Lookup<V> found = Cache::ParseWith<S, V>(cache_.Read(path_));
        if (found) return *std::move(found);
      } catch (...) {
        // A cache that fails is a miss.
      }
      if (!lock.is_anothers()) return std::nullopt;
      lock.WaitForOther(*cache_.options_.load_clock);
    }
  }

  template <class Loader>
  Loaded<V> LoadAndLand(Loader&& loader) {
    std::optional<Loaded<V>> loaded;
    try {
      loaded.emplace(
          CallLoader<V>(cache_.load_counters_, std::forward<Loader>(loader)));
    } catch (...) {
      loads_.AddPause(path_, cache_.LoadNow(), options_);
      ticket_.Fail(std::current_exception());
      throw;
    }
    Land(*loaded);
    return *std::move(loaded);
  }

  void Land(const Loaded<V>& loaded) {
    try {
      if (!loaded.is_found()) {
        ticket_.Land(std::nullopt, [&] { StoreAbsence(*loaded.ttl()); });
        return;
      }
      const auto serialised = S::Serialise(*loaded.value());
      const std::string_view bytes = serialised;
      ticket_.Land(Bytes::Copy(bytes), [&] {
        if (loaded.is_stored()) Store(*loaded.value(), bytes, loaded.ttl());
      });
    } catch (...) {
      // It cannot be shared: whoever waits loads for himself.
      cache_.WarnLoadNotStored(Cache::CurrentException());
    }
  }

  void StoreAbsence(Ttl remembered_for) {
    if (replaces_) {
      const Status removed = cache_.InvalidateRaw(path_);
      if (!removed.ok()) cache_.WarnLoadNotStored(removed);
    }
    loads_.AddAbsence(path_, cache_.LoadNow(), remembered_for);
  }

  void Store(const V& value, std::string_view bytes, std::optional<Ttl> own) {
    const auto ttl = cache_.LoadTtl(own.value_or(options_.ttl), options_);
    const Status stored =
        ttl.ok() ? cache_.Store(path_, bytes, *ttl,
                                Cache::WantsCompression(key_, value, bytes))
                 : ttl.status();
    if (!stored.ok()) cache_.WarnLoadNotStored(stored);
  }

  Cache& cache_;
  Loads& loads_;
  const K& key_;
  const std::string_view path_;
  const LoadOptions& options_;
  const bool replaces_;
  SingleFlight::Ticket& ticket_;
};

}  // namespace appcache

#endif  // APPCACHE_ENGINE_LOADING_LEADER_LOAD_H_
