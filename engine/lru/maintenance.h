// Maintenance: a background thread that works at requested times.
//
// It sleeps until the earliest requested time, so an idle cache costs nothing,
// and starts with the first request. All signals are blocked in it, and a fork
// waits for work in progress: a program without threads of its own can fork as
// if this one did not exist.

#ifndef APPCACHE_ENGINE_LRU_MAINTENANCE_H_
#define APPCACHE_ENGINE_LRU_MAINTENANCE_H_

#include <condition_variable>
#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include "appcache/clock.h"
#include "engine/support/mutex.h"

namespace appcache::lru {

// Thread-safe.
class Maintenance {
 public:
  // `work` must not throw, nor call Stop; it may call Arm.
  Maintenance(std::shared_ptr<const Clock> clock, std::function<void()> work)
      : clock_(std::move(clock)), work_(std::move(work)) {}
  ~Maintenance() { Stop(); }
  Maintenance(const Maintenance&) = delete;
  Maintenance& operator=(const Maintenance&) = delete;

  // Requests a run of `work` at `deadline` or earlier. If no thread can be
  // started, nothing happens, and the next call retries.
  void Arm(TimePoint deadline) noexcept APPCACHE_EXCLUDES(mutex_);

  // Waits for work in progress. `work` does not run afterwards.
  void Stop() noexcept APPCACHE_EXCLUDES(mutex_);

 private:
  void Loop() APPCACHE_EXCLUDES(mutex_);

  const std::shared_ptr<const Clock> clock_;
  const std::function<void()> work_;

  internal::Mutex mutex_;
  std::condition_variable changed_;
  std::optional<TimePoint> deadline_ APPCACHE_GUARDED_BY(mutex_);
  bool stopping_ APPCACHE_GUARDED_BY(mutex_) = false;
  std::thread thread_ APPCACHE_GUARDED_BY(mutex_);
};

}  // namespace appcache::lru

#endif  // APPCACHE_ENGINE_LRU_MAINTENANCE_H_
