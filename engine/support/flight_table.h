// FlightTable: the computations in progress, by path, so that callers who need
// the same value share one computation ("single flight").
//
// The caller that adds a flight leads it: it computes the value, removes the
// flight from the table and publishes the value to those who joined. What a
// flight holds and how its followers wait is up to the type Flight; it usually
// has a SharedResult (shared_result.h).
//
//   struct Fetch {
//     explicit Fetch(std::string of) : path(std::move(of)) {}
//     const std::string path;
//     SharedResult<std::string> value;
//   };
//   FlightTable<Fetch> fetches;
//   ...
//   const auto [fetch, is_new] =
//       fetches.Join(path, [](const Fetch&) { return true; });
//   if (!is_new) return fetch->value.WaitFor(clock, max_wait);
//   std::string value = Compute(path);
//   fetches.Remove(*fetch);
//   fetch->value.Set(value);

#ifndef APPCACHE_ENGINE_SUPPORT_FLIGHT_TABLE_H_
#define APPCACHE_ENGINE_SUPPORT_FLIGHT_TABLE_H_

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/support/mutex.h"

namespace appcache::internal {

// Thread-safe. Flight is a class with a constructor from the path and further
// arguments, and with a public member `const std::string path`.
//
// The table is divided by a hash of the path into shards with a mutex each. No
// two are held at once, and the only foreign code that runs under one is
// `accepts` and the constructor of Flight.
template <class Flight>
class FlightTable {
 public:
  FlightTable() = default;
  FlightTable(const FlightTable&) = delete;
  FlightTable& operator=(const FlightTable&) = delete;

  struct Joined {
    std::shared_ptr<Flight> flight;
    bool is_new = false;  // added by this call, so the caller leads it
  };

  // Returns the flight of `path` if there is one and `accepts(flight)` is true.
  // Otherwise adds Flight(path, arguments...). That replaces a flight that was
  // not accepted: later callers no longer find the old one, and those who have
  // joined it still wait for it. Throws std::bad_alloc and what `accepts` and
  // the constructor throw; then nothing has changed.
  template <class Accepts, class... Arguments>
  Joined Join(std::string_view path, const Accepts& accepts,
              Arguments&&... arguments) {
    Shard& shard = ShardOf(path);
    MutexLock guard(shard.mutex);
    const auto found = shard.flights.find(path);
    if (found != shard.flights.end() &&
        accepts(std::as_const(*found->second))) {
      return {found->second, false};
    }
    auto flight = std::make_shared<Flight>(
        std::string(path), std::forward<Arguments>(arguments)...);
    if (found == shard.flights.end()) {
      shard.flights.emplace(flight->path, flight);
    } else {
      // The key must view the path of the flight beside it.
      auto node = shard.flights.extract(found);
      node.key() = flight->path;
      node.mapped() = flight;
      shard.flights.insert(std::move(node));
    }
    return {std::move(flight), true};
  }

  // The flight of `path`, or null.
  std::shared_ptr<Flight> Find(std::string_view path) const {
    const Shard& shard = ShardOf(path);
    MutexLock guard(shard.mutex);
    const auto found = shard.flights.find(path);
    return found != shard.flights.end() ? found->second : nullptr;
  }

  // Every flight that is in the table throughout the call, and perhaps some
  // that are added or removed while it runs. Throws std::bad_alloc.
  std::vector<std::shared_ptr<Flight>> All() const {
    std::vector<std::shared_ptr<Flight>> flights;
    for (const Shard& shard : shards_) {
      MutexLock guard(shard.mutex);
      for (const auto& [path, flight] : shard.flights) {
        flights.push_back(flight);
      }
    }
    return flights;
  }

  // Removes the flight unless it has been removed or replaced.
  void Remove(const Flight& flight) {
    Shard& shard = ShardOf(flight.path);
    MutexLock guard(shard.mutex);
    const auto found = shard.flights.find(flight.path);
    if (found != shard.flights.end() && found->second.get() == &flight) {
      shard.flights.erase(found);
    }
  }

 private:
  static constexpr size_t kShards = 16;

  struct Shard {
    mutable Mutex mutex;
    // Each key views the path of its flight.
    std::unordered_map<std::string_view, std::shared_ptr<Flight>> flights
        APPCACHE_GUARDED_BY(mutex);
  };

  static size_t IndexOf(std::string_view path) noexcept {
    return std::hash<std::string_view>()(path) % kShards;
  }
  Shard& ShardOf(std::string_view path) noexcept {
    return shards_[IndexOf(path)];
  }
  const Shard& ShardOf(std::string_view path) const noexcept {
    return shards_[IndexOf(path)];
  }

  std::array<Shard, kShards> shards_;
};

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_SUPPORT_FLIGHT_TABLE_H_
