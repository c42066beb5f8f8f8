// WatchRetry: how long a watch waits before it tries to link anew.

#ifndef APPCACHE_ADAPTERS_REDIS_WATCH_RETRY_H_
#define APPCACHE_ADAPTERS_REDIS_WATCH_RETRY_H_

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <random>

#include "engine/watch.h"

namespace appcache::redis {

// Not thread-safe.
class WatchRetry {
 public:
  // May throw what std::random_device does.
  explicit WatchRetry(const WatchOptions& options)
      : min_(options.min_retry),
        max_(options.max_retry),
        random_(options.seed != 0 ? options.seed : std::random_device()()) {}

  // All is well: the next wait is a short one.
  void Shorten() noexcept { most_ = min_; }
  // A person has to do something: the next wait is the longest.
  void Lengthen() noexcept { most_ = max_; }

  // At random, so that a server that is back is not met by all at once.
  std::chrono::microseconds Next() {
    std::uniform_int_distribution<int64_t> range(most_.count() / 2,
                                                 most_.count());
    const std::chrono::microseconds wait(range(random_));
    most_ = std::min(most_ * 2, max_);
    return wait;
  }

 private:
  const std::chrono::microseconds min_;
  const std::chrono::microseconds max_;
  std::mt19937_64 random_;
  std::chrono::microseconds most_ = min_;
};

}  // namespace appcache::redis

#endif  // APPCACHE_ADAPTERS_REDIS_WATCH_RETRY_H_
