// BackgroundLoad: a leader's load that owns all it uses, to be run by another
// thread. Include cache.h instead.

#ifndef APPCACHE_ENGINE_LOADING_BACKGROUND_LOAD_H_
#define APPCACHE_ENGINE_LOADING_BACKGROUND_LOAD_H_

#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "engine/cache.h"  // IWYU pragma: keep
#include "engine/loading/leader_load.h"

namespace appcache {

// Loader is a reference type when the caller's is an lvalue.
template <CacheKey K, class Loader>
class BackgroundLoad {
 public:
  using V = typename K::value_type;
  using Owned = std::decay_t<Loader>;

  static constexpr bool kIsPossible =
      std::copy_constructible<K> && std::constructible_from<Owned, Loader>;

  // Takes `loader` and `ticket` over only when nothing has thrown before.
  BackgroundLoad(Background::Running running, Cache& cache, Loads& loads,
                 const K& key, std::string_view path,
                 const LoadOptions& options, bool replaces, Loader&& loader,
                 SingleFlight::Ticket& ticket)
      : running_(std::move(running)),
        cache_(cache),
        key_(key),
        path_(path),
        options_(options),
        loader_(std::forward<Loader>(loader)),
        ticket_(std::move(ticket)),
        load_(cache, loads, key_, path_, options_, replaces, ticket_) {
    // A job that held its executor might be the one to end it.
    options_.executor.reset();
  }

  // False: the executor refuses, and the load is to be run here. A waiting
  // caller takes its own ticket before.
  static bool Start(Executor& executor, std::shared_ptr<BackgroundLoad> load) {
    load->ticket_.HandOver();
    try {
      return executor.Run([load = std::move(load)]() mutable {
        load->RunThere();
        load.reset();  // the executor may keep the function
      });
    } catch (...) {
      return false;
    }
  }

  // LeaderLoad::Run in the thread that calls; its caller's after Start was
  // false.
  std::optional<Loaded<V>> Run() {
    ticket_.LeadHere();
    if constexpr (std::is_lvalue_reference_v<Loader>) {
      return load_.Run(loader_);
    } else {
      return load_.Run(std::move(loader_));
    }
  }

 private:
  void RunThere() noexcept {
    try {
      (void)Run();
    } catch (...) {
      // Those who wait for it are told; maybe nobody does.
      cache_.WarnBackgroundLoadFailed();
    }
  }

  // First: the cache lives until all the others are gone.
  const Background::Running running_;
  Cache& cache_;
  const K key_;
  const std::string path_;
  LoadOptions options_;
  Owned loader_;
  SingleFlight::Ticket ticket_;
  LeaderLoad<K> load_;
};

}  // namespace appcache

#endif  // APPCACHE_ENGINE_LOADING_BACKGROUND_LOAD_H_
