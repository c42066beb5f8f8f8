// ExpiringKeySet: a set of paths, each until its expiry time, in bounded
// memory.
//
// When the set is full, the path that would expire first is removed early: use
// it only where a missing path costs work and nothing else.
//
// Thread-safe.

#ifndef APPCACHE_ENGINE_LOADING_EXPIRING_KEY_SET_H_
#define APPCACHE_ENGINE_LOADING_EXPIRING_KEY_SET_H_

#include <atomic>
#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "appcache/clock.h"
#include "engine/support/mutex.h"

namespace appcache::internal {

class ExpiringKeySet {
 public:
  // The largest number of paths, and of their bytes in total. The nodes of the
  // containers take about half as much again.
  static constexpr size_t kMaxPaths = 10'000;
  static constexpr size_t kMaxBytes = size_t{4} << 20;

  ExpiringKeySet() = default;
  ExpiringKeySet(const ExpiringKeySet&) = delete;
  ExpiringKeySet& operator=(const ExpiringKeySet&) = delete;

  // Adds `path` until `expiry`, or replaces its expiry time. Throws
  // std::bad_alloc.
  void Add(std::string_view path, TimePoint expiry) APPCACHE_EXCLUDES(mutex_);

  // Whether `path` is in the set at `now`. One load when the set is empty.
  bool Contains(std::string_view path, TimePoint now) const
      APPCACHE_EXCLUDES(mutex_);

  // One load each when the set is empty.
  void Erase(std::string_view path) noexcept APPCACHE_EXCLUDES(mutex_);
  void Clear() noexcept APPCACHE_EXCLUDES(mutex_);

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  using Expiries =
      std::unordered_map<std::string, TimePoint, Hash, std::equal_to<>>;

  void EraseLocked(Expiries::iterator found) noexcept APPCACHE_REQUIRES(mutex_);

  // The size of expiries_, readable without the mutex.
  std::atomic<size_t> size_{0};
  mutable Mutex mutex_;
  Expiries expiries_ APPCACHE_GUARDED_BY(mutex_);
  // In expiry order. The views point to the keys of expiries_.
  std::set<std::pair<TimePoint, std::string_view>> by_expiry_
      APPCACHE_GUARDED_BY(mutex_);
  size_t bytes_ APPCACHE_GUARDED_BY(mutex_) = 0;
};

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_LOADING_EXPIRING_KEY_SET_H_
