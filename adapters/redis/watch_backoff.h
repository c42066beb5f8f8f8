// WatchBackoff: the waiting time before a watch tries to reconnect.

#ifndef APPCACHE_ADAPTERS_REDIS_WATCH_BACKOFF_H_
#define APPCACHE_ADAPTERS_REDIS_WATCH_BACKOFF_H_

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cstdint>
#include <random>

#include "appcache/watch.h"

namespace appcache::redis {

// Not thread-safe.
class WatchBackoff {
 public:
  // REQUIRES: options.min_retry <= options.max_retry. Throws what
  // std::random_device does.
  explicit WatchBackoff(const WatchOptions& options)
      : min_(options.min_retry),
        max_(options.max_retry),
        random_(options.seed != 0 ? options.seed : std::random_device()()) {
    assert(min_ <= max_);
  }

  // Starts over with min_retry: the last link worked.
  void Reset() noexcept { limit_ = min_; }
  // Makes the next wait the longest: only a person can fix the problem.
  void UseLongest() noexcept { limit_ = max_; }

  // A random time between half of the limit and the limit, so that clients do
  // not all reconnect at once. Doubles the limit for the next call.
  std::chrono::microseconds Next() {
    std::uniform_int_distribution<int64_t> range(limit_.count() / 2,
                                                 limit_.count());
    const std::chrono::microseconds wait(range(random_));
    limit_ = std::min(limit_ * 2, max_);
    return wait;
  }

 private:
  const std::chrono::microseconds min_;
  const std::chrono::microseconds max_;
  std::mt19937_64 random_;
  std::chrono::microseconds limit_ = min_;
};

}  // namespace appcache::redis

#endif  // APPCACHE_ADAPTERS_REDIS_WATCH_BACKOFF_H_
