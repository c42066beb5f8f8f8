// ReadThrough: one call of GetVia. Include cache.h instead.
//
// Run is the whole way; its steps are below it, in order. LeaderLoad is the
// load itself. What does not depend on a type is in loading/*.cc and cache.cc.

#ifndef APPCACHE_ENGINE_LOADING_READ_THROUGH_H_
#define APPCACHE_ENGINE_LOADING_READ_THROUGH_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "engine/cache.h"  // IWYU pragma: keep
#include "engine/loading/background_load.h"
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
    if (age_ == Age::kDue) Refresh();
    if (age_ >= Age::kDue) return *std::move(value_);
    if constexpr (kMayFindNone) {
      if (is_absent_) {
        Count(&LoadCounters::negative_hits);
        return std::nullopt;
      }
    }
    if (!ticket_ || !ticket_->is_leader()) {
      if (value_) return Stale();
      if (ticket_) return Follow();
      cache_.WarnLoadNotStored(failure);
      return LoadAlone();
    }
    // Another leader may have landed between our look and our turn.
    if (HasLanded()) {
      Look();
      if (age_ >= Age::kDue) {
        Load().ShareFound(*value_);
        return *std::move(value_);
      }
    }
    return Lead();
  }

 private:
  using Ticket = SingleFlight::Ticket;
  using Outcome = Ticket::Outcome;
  using Job = BackgroundLoad<K, Loader>;

  static constexpr bool kMayFindNone = internal::kMayFindNone<Loader>;

  // Looks, and joins a flight if there is something to be loaded.
  Status Prepare() noexcept {
    try {
      const auto resolved = cache_.Resolve(key_, path_);
      if (!resolved.found) return resolved.status;
      loads_ = &cache_.loads_.Get();
      landings_ = loads_->flights.landings();
      Look();
      if (age_ >= Age::kDue || (value_ && IsPaused())) return Status();
      is_absent_ = kMayFindNone && !value_ &&
                   loads_->absences.Holds(path_.view(), cache_.LoadNow());
      if (!is_absent_) ticket_.emplace(loads_->flights.Join(path_.view()));
      return Status();
    } catch (...) {
      return Cache::CurrentException();
    }
  }

  // Sets value_ and age_. A cache that fails is a miss.
  void Look() noexcept {
    value_.reset();
    age_ = Age::kMissing;
    try {
      if (NeedsTtl(options_) && cache_.TellsTtl()) {
        Lookup<TimedBytes> raw = cache_.ReadTimed(path_.view());
        if (!raw) return;
        TakeHit(std::move(raw->value), AgeOf(raw->left, options_));
      } else if (Lookup<Bytes> raw = cache_.Read(path_.view())) {
        TakeHit(*std::move(raw), Age::kFresh);
      }
    } catch (...) {
      // Of the backend, or for want of memory.
    }
  }

  void TakeHit(Bytes bytes, Age age) {
    Lookup<V> value =
        Cache::ParseWith<S, V>(Lookup<Bytes>::Hit(std::move(bytes)));
    if (!value) return;
    value_.emplace(*std::move(value));
    age_ = age;
  }

  bool IsPaused() const {
    return loads_->pauses.Holds(path_.view(), cache_.LoadNow());
  }

  bool HasLanded() const { return loads_->flights.landings() != landings_; }

  // Begins a load in the background, unless there is one.
  void Refresh() noexcept {
    try {
      if (IsPaused()) return;
      ticket_.emplace(loads_->flights.Join(path_.view()));
      if (!ticket_->is_leader() || HasLanded()) return;
      if (StartInBackground()) Count(&LoadCounters::refreshes);
    } catch (...) {
      // The next reader may do it.
    }
  }

  Result Stale() {
    Count(&LoadCounters::stale_served);
    return *std::move(value_);
  }

  // Waits for another caller's load.
  Result Follow() {
    const auto hard = options_.executor ? options_.hard_timeout : std::nullopt;
    Outcome outcome;
    if (auto result =
            Await(*ticket_, hard.value_or(options_.max_wait), outcome)) {
      Count(&LoadCounters::shared);
      return *std::move(result);
    }
    if (hard && outcome == Outcome::kTimedOut) ThrowTimeout();
    return LoadAlone();
  }

  Result Lead() {
    const auto limit = value_ ? options_.soft_timeout : options_.hard_timeout;
    if (limit && options_.executor) {
      Ticket own = ticket_->Follow();
      if (StartInBackground()) return AwaitOwn(own, *limit);
    }
    if (!value_) return LoadHere();
    try {
      return LoadHere();
    } catch (...) {
      return Stale();
    }
  }

  // If it is false the load is still to be run: by job_, if there is one.
  bool StartInBackground() noexcept {
    if constexpr (Job::kIsPossible) {
      try {
        auto running = loads_->background.Begin();
        if (!running) return false;
        job_ = std::make_shared<Job>(std::move(running), cache_, *loads_, key_,
                                     path_.view(), options_, value_.has_value(),
                                     std::forward<Loader>(loader_), *ticket_);
      } catch (...) {
        return false;
      }
      if (!Job::Start(*options_.executor, job_)) return false;
      job_.reset();
      return true;
    } else {
      return false;
    }
  }

  Result LoadHere() {
    std::optional<Loaded<V>> loaded = RunHere();
    return loaded ? ToResult(*std::move(loaded)) : Stale();
  }

  std::optional<Loaded<V>> RunHere() {
    if constexpr (Job::kIsPossible) {
      if (job_) return job_->Run();
    }
    return Load().Run(std::forward<Loader>(loader_));
  }

  LeaderLoad<K> Load() {
    return LeaderLoad<K>(cache_, *loads_, key_, path_.view(), options_,
                         value_.has_value(), *ticket_);
  }

  // Waits for the load that StartInBackground has begun.
  Result AwaitOwn(Ticket& own, std::chrono::milliseconds limit) {
    Outcome outcome;
    try {
      if (auto result = Await(own, limit, outcome)) return *std::move(result);
    } catch (...) {
      if (value_) return Stale();
      throw;
    }
    if (value_) {
      if (outcome == Outcome::kTimedOut) Count(&LoadCounters::timed_out);
      return Stale();
    }
    if (outcome == Outcome::kTimedOut) ThrowTimeout();
    throw LoadTimeout(
        "a load in the background came to no end: its executor dropped it, or "
        "the value does not serialise");
  }

  // What lands, as a result of this call; nothing if that is not to be had, and
  // why. Throws what the loader threw.
  std::optional<Result> Await(Ticket& ticket, std::chrono::milliseconds limit,
                              Outcome& outcome) {
    Bytes bytes;
    outcome = ticket.Wait(*cache_.options_.load_clock, limit, bytes);
    if (outcome == Outcome::kShared) {
      Lookup<V> value =
          Cache::ParseWith<S, V>(Lookup<Bytes>::Hit(std::move(bytes)));
      if (value) return Result(*std::move(value));
    }
    if constexpr (kMayFindNone) {
      if (outcome == Outcome::kNothing) return Result(std::nullopt);
    }
    return std::nullopt;
  }

  [[noreturn]] void ThrowTimeout() {
    Count(&LoadCounters::timed_out);
    throw LoadTimeout("a loader was not done after " +
                      std::to_string(options_.hard_timeout->count()) +
                      " ms (hard_timeout); it goes on in the background");
  }

  // Neither shared nor stored.
  Result LoadAlone() {
    return ToResult(
        CallLoader<V>(cache_.load_counters_, std::forward<Loader>(loader_)));
  }

  static Result ToResult(Loaded<V> loaded) {
    if constexpr (kMayFindNone) {
      return std::move(loaded.value());
    } else {
      return *std::move(loaded.value());
    }
  }

  void Count(LoadCounters::Counter LoadCounters::*counter) noexcept {
    LoadCounters::Count(cache_.load_counters_.*counter);
  }

  Cache& cache_;
  const K& key_;
  Loader&& loader_;
  const LoadOptions& options_;

  KeyPath path_;
  Loads* loads_ = nullptr;
  uint64_t landings_ = 0;
  std::optional<V> value_;
  Age age_ = Age::kMissing;  // of value_
  bool is_absent_ = false;
  std::optional<Ticket> ticket_;
  std::shared_ptr<Job> job_;
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
