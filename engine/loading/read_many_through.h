// ReadManyThrough: one call of GetManyVia. Include cache.h instead.
//
// Run is the whole way; its steps are below it, in order.
//
// A caller loads and lands all that it leads before it waits for anybody: so
// two callers whose keys overlap never wait for each other.

#ifndef APPCACHE_ENGINE_LOADING_READ_MANY_THROUGH_H_
#define APPCACHE_ENGINE_LOADING_READ_MANY_THROUGH_H_

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine/cache.h"  // IWYU pragma: keep

namespace appcache {

template <CacheKey K, class Loader>
class ReadManyThrough {
 public:
  using V = typename K::value_type;
  using S = typename internal::SerialiserOf<K>::type;
  using Result = internal::LoadManyResult<K, Loader>;

  // All of them must outlive this object.
  ReadManyThrough(Cache& cache, std::span<const K> keys, Loader& loader,
                  const LoadOptions& options)
      : cache_(cache),
        keys_(keys),
        loader_(loader),
        options_(options),
        items_(keys.size()) {
    options_.executor.reset();  // nothing is refreshed here
  }

  std::vector<Result> Run() {
    Prepare();
    Load(Wanted([](const Item& item) { return item.LeadsOrIsAlone(); }));
    for (Item& item : items_) {
      if (item.ticket && !item.done) Follow(item);
    }
    // A leader who found it in the cache after all has shared nothing.
    Look(Wanted([](const Item& item) { return item.ticket.has_value(); }));
    Load(Wanted([](const Item&) { return true; }));
    return Results();
  }

 private:
  using Ticket = SingleFlight::Ticket;

  static constexpr bool kMayFindNone =
      internal::kIsLoaded<internal::MadeMany<K, Loader>>;

  struct Item {
    KeyPath path;
    bool resolved = false;
    std::optional<Ticket> ticket;
    std::optional<V> value;
    Age age = Age::kMissing;  // of the value
    // The value, or none if there is none, is the result.
    bool done = false;

    bool LeadsOrIsAlone() const { return !ticket || ticket->is_leader(); }
  };
  using Indices = std::vector<size_t>;

  // The items that are not done, and of which `is_wanted` holds.
  template <class Is>
  Indices Wanted(const Is& is_wanted) const {
    Indices wanted;
    for (size_t i = 0; i < items_.size(); ++i) {
      if (!items_[i].done && is_wanted(items_[i])) wanted.push_back(i);
    }
    return wanted;
  }

  // Looks, and joins a flight for each key that is missing.
  void Prepare() {
    Status failure;
    try {
      Indices resolved;
      for (size_t i = 0; i < keys_.size(); ++i) {
        const auto found = cache_.Resolve(keys_[i], items_[i].path);
        items_[i].resolved = found.found;
        if (found.found) {
          resolved.push_back(i);
        } else {
          cache_.WarnLoadNotStored(found.status);
        }
      }
      loads_ = &cache_.loads_.Get();
      const uint64_t landings = loads_->flights.landings();
      Look(resolved);
      Join();
      // Other leaders may have landed between our look and our turn.
      if (loads_->flights.landings() != landings) {
        Look(Wanted([](const Item& item) {
          return item.ticket && item.ticket->is_leader();
        }));
        for (Item& item : items_) {
          if (item.done) item.ticket.reset();
        }
      }
      return;
    } catch (...) {
      failure = Cache::CurrentException();
    }
    cache_.WarnLoadNotStored(failure);
  }

  // Those that hold a fresh value are done. A cache that fails is a miss.
  void Look(const Indices& indices) {
    if (indices.empty()) return;
    std::vector<std::string_view> paths;
    for (const size_t i : indices) paths.push_back(items_[i].path.view());
    std::vector<Lookup<TimedBytes>> found;
    try {
      cache_.ReadMany(paths, NeedsTtl(options_) && cache_.TellsTtl(), found);
    } catch (...) {
      return;
    }
    for (size_t n = 0; n < indices.size(); ++n) {
      if (found[n]) TakeHit(items_[indices[n]], *std::move(found[n]));
    }
  }

  void TakeHit(Item& item, TimedBytes found) {
    Lookup<V> value =
        Cache::ParseWith<S, V>(Lookup<Bytes>::Hit(std::move(found.value)));
    if (!value) return;
    item.value.emplace(*std::move(value));
    item.age = AgeOf(found.left, options_);
    item.done = item.age == Age::kFresh;
  }

  void Join() {
    const TimePoint now = cache_.LoadNow();
    for (Item& item : items_) {
      if (item.done || !item.resolved) continue;
      const std::string_view path = item.path.view();
      if (item.value && loads_->pauses.Holds(path, now)) {
        TakeStale(item);
      } else if (kMayFindNone && !item.value &&
                 loads_->absences.Holds(path, now)) {
        LoadCounters::Count(cache_.load_counters_.negative_hits);
        item.done = true;
      } else {
        item.ticket.emplace(loads_->flights.Join(path));
        if (!item.ticket->is_leader() && item.value) TakeStale(item);
      }
    }
  }

  void TakeStale(Item& item) {
    LoadCounters::Count(cache_.load_counters_.stale_served);
    item.done = true;
  }

  // Calls the loader for these keys, shares and stores what it makes.
  void Load(const Indices& indices) {
    if (indices.empty()) return;
    std::vector<Loaded<V>> loaded;
    try {
      loaded = CallLoader(indices);
    } catch (...) {
      if (!Fail(indices)) throw;
      return;
    }
    try {
      Land(indices, loaded);
    } catch (...) {
      // They cannot be shared: whoever waits loads for himself.
      cache_.WarnLoadNotStored(Cache::CurrentException());
    }
    for (size_t n = 0; n < indices.size(); ++n) {
      Item& item = items_[indices[n]];
      // Whoever waits for what could not be shared waits no longer.
      item.ticket.reset();
      item.value.reset();
      if (loaded[n].is_found())
        item.value.emplace(*std::move(loaded[n].value()));
      item.done = true;
    }
  }

  std::vector<Loaded<V>> CallLoader(const Indices& indices) {
    std::vector<K> keys;
    keys.reserve(indices.size());
    for (const size_t i : indices) keys.push_back(keys_[i]);
    LoadCounters::Count(cache_.load_counters_.loads);
    try {
      auto made = std::invoke(loader_, std::span<const K>(keys));
      if (made.size() != keys.size()) {
        throw std::length_error("the loader of GetManyVia returned " +
                                std::to_string(made.size()) + " values for " +
                                std::to_string(keys.size()) + " keys");
      }
      std::vector<Loaded<V>> loaded;
      loaded.reserve(made.size());
      for (size_t n = 0; n < made.size(); ++n) {
        if constexpr (kMayFindNone) {
          loaded.push_back(std::move(made[n]));
        } else {
          loaded.push_back(Loaded<V>(V(std::move(made[n]))));
        }
      }
      return loaded;
    } catch (...) {
      LoadCounters::Count(cache_.load_counters_.failures);
      throw;
    }
  }

  // Of the exception being handled. True if there are values to go on with.
  bool Fail(const Indices& indices) noexcept {
    bool all_stale = true;
    for (const size_t i : indices) {
      Item& item = items_[i];
      all_stale = all_stale && item.value;
      if (!item.ticket || !item.ticket->is_leader()) continue;
      loads_->AddPause(item.path.view(), cache_.LoadNow(), options_);
      item.ticket->Fail(std::current_exception());
    }
    if (!all_stale) return false;
    for (const size_t i : indices) TakeStale(items_[i]);
    return true;
  }

  // What is to become of one loaded value.
  struct Outgoing {
    size_t item = 0;
    const Loaded<V>* loaded = nullptr;
    Bytes encoded;
    Ttl ttl = kNoTtl;
    bool is_stored = false;
  };

  void Land(const Indices& indices, const std::vector<Loaded<V>>& loaded) {
    std::vector<SingleFlight::Landing> landings;
    std::vector<Outgoing> outgoing;
    for (size_t n = 0; n < indices.size(); ++n) {
      Item& item = items_[indices[n]];
      if (!item.ticket || !item.ticket->is_leader()) continue;
      Outgoing out;
      out.item = indices[n];
      out.loaded = &loaded[n];
      std::optional<Bytes> shared;
      if (loaded[n].is_found()) {
        shared = Encode(keys_[indices[n]], out);
        if (!shared) continue;
      }
      landings.push_back({&*item.ticket, std::move(shared)});
      outgoing.push_back(std::move(out));
    }
    if (landings.empty()) return;
    SingleFlight::LandAll(landings, [&](std::span<const size_t> stored) {
      Store(outgoing, stored);
    });
  }

  // The serialised bytes; `out` gets what is to be stored. Nothing, and a
  // warning, when the value cannot be serialised.
  std::optional<Bytes> Encode(const K& key, Outgoing& out) {
    try {
      const V& value = *out.loaded->value();
      const auto serialised = S::Serialise(value);
      const std::string_view bytes = serialised;
      Bytes shared = Bytes::Copy(bytes);
      if (!out.loaded->is_stored()) return shared;
      Bytes compressed;
      const auto ttl =
          cache_.LoadTtl(out.loaded->ttl().value_or(options_.ttl), options_);
      const auto encoded = cache_.Encode(
          bytes, Cache::WantsCompression(key, value, bytes), compressed);
      if (ttl.ok() && encoded.ok()) {
        out.encoded = compressed.empty() ? shared : compressed;
        out.ttl = *ttl;
        out.is_stored = true;
      } else {
        cache_.WarnLoadNotStored(ttl.ok() ? encoded.status() : ttl.status());
      }
      return shared;
    } catch (...) {
      cache_.WarnLoadNotStored(Cache::CurrentException());
      return std::nullopt;
    }
  }

  void Store(const std::vector<Outgoing>& outgoing,
             std::span<const size_t> indices) {
    std::vector<Cache::RawEntry> entries;
    std::vector<std::string_view> removed;
    for (const size_t i : indices) {
      const Outgoing& out = outgoing[i];
      const Item& item = items_[out.item];
      const std::string_view path = item.path.view();
      if (out.is_stored) {
        entries.push_back({path, out.encoded.view(), out.ttl});
      } else if (!out.loaded->is_found()) {
        if (item.value) removed.push_back(path);
        loads_->AddAbsence(path, cache_.LoadNow(), *out.loaded->ttl());
      }
    }
    cache_.StoreLoaded(entries, removed);
  }

  // Waits for another caller's load; the item is done if it lands in time.
  void Follow(Item& item) {
    using Outcome = Ticket::Outcome;
    const Clock& clock = *cache_.options_.load_clock;
    if (!wait_until_) {
      wait_until_ = clock.Now() + std::clamp<std::chrono::milliseconds>(
                                      options_.max_wait, Ttl(0), kMaxTtl);
    }
    Bytes bytes;
    const Outcome outcome = item.ticket->Wait(
        clock, std::chrono::ceil<Ttl>(*wait_until_ - clock.Now()), bytes);
    if (outcome == Outcome::kShared) {
      Lookup<V> value =
          Cache::ParseWith<S, V>(Lookup<Bytes>::Hit(std::move(bytes)));
      if (!value) return;
      item.value.emplace(*std::move(value));
      item.done = true;
    } else if (outcome == Outcome::kNothing) {
      item.done = kMayFindNone;
    }
    if (item.done) LoadCounters::Count(cache_.load_counters_.shared);
  }

  std::vector<Result> Results() {
    std::vector<Result> results;
    results.reserve(items_.size());
    for (Item& item : items_) {
      if constexpr (kMayFindNone) {
        results.push_back(std::move(item.value));
      } else {
        results.push_back(*std::move(item.value));
      }
    }
    return results;
  }

  Cache& cache_;
  const std::span<const K> keys_;
  Loader& loader_;
  LoadOptions options_;

  Loads* loads_ = nullptr;
  std::vector<Item> items_;
  std::optional<TimePoint> wait_until_;
};

template <CacheKey K, class Loader>
std::vector<internal::LoadManyResult<K, Loader>> Cache::GetManyVia(
    std::span<const K> keys, Loader&& loader, const LoadOptions& options) {
  return ReadManyThrough<K, std::remove_reference_t<Loader>>(*this, keys,
                                                             loader, options)
      .Run();
}

}  // namespace appcache

#endif  // APPCACHE_ENGINE_LOADING_READ_MANY_THROUGH_H_
