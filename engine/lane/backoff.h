// Backoff: polls for a lock whose holder cannot wake the caller, because it is
// in another process or uses another connection.
//
// Yields at first, then sleeps at most half a millisecond at a time, until a
// deadline. SQLite's own busy handler sleeps up to 100 ms, which becomes the
// 99th percentile of the waiting time.

#ifndef APPCACHE_ENGINE_LANE_BACKOFF_H_
#define APPCACHE_ENGINE_LANE_BACKOFF_H_

#include <chrono>

#include "appcache/export.h"

namespace appcache::internal {

//   Backoff backoff(max_wait);
//   while (!TryLock()) {
//     if (!backoff.Wait()) return false;
//   }
//
// Not thread-safe.
class APPCACHE_EXPORT Backoff {
 public:
  // Waits at most `max_wait` in total.
  explicit Backoff(std::chrono::milliseconds max_wait) noexcept
      : deadline_(std::chrono::steady_clock::now() + max_wait) {}

  // Waits for a moment and returns true. Returns false at once when the
  // deadline has passed.
  bool Wait() noexcept;

 private:
  std::chrono::steady_clock::time_point deadline_;
  int waits_ = 0;
};

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_LANE_BACKOFF_H_
