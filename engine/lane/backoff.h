// Backoff: how the store waits for someone it cannot be woken by (another
// process, another connection): it yields, then sleeps, never longer than half
// a millisecond at a time, until a deadline. SQLite's own busy handler sleeps
// up to 100 ms, which becomes the p99 of everyone who waits.

#ifndef APPCACHE_ENGINE_LANE_BACKOFF_H_
#define APPCACHE_ENGINE_LANE_BACKOFF_H_

#include <chrono>

namespace appcache {

class Backoff {
 public:
  explicit Backoff(std::chrono::milliseconds max_wait) noexcept
      : deadline_(std::chrono::steady_clock::now() + max_wait) {}

  // Waits a little. False, at once, when the deadline has passed.
  bool Wait() noexcept;

 private:
  std::chrono::steady_clock::time_point deadline_;
  int waits_ = 0;
};

}  // namespace appcache

#endif  // APPCACHE_ENGINE_LANE_BACKOFF_H_
