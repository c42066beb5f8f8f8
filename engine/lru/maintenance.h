// Maintenance: one thread that does a cache's overdue work.
//
// It sleeps until the earliest moment it was asked for, so an idle cache costs
// nothing; it is not even started before there is something to do. All signals
// are blocked in it, and a fork waits for work in progress: a program that has
// no threads of its own can fork as if there were none of the cache's.

#ifndef APPCACHE_ENGINE_LRU_MAINTENANCE_H_
#define APPCACHE_ENGINE_LRU_MAINTENANCE_H_

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "engine/clock.h"

namespace appcache {

// Thread-safe.
class Maintenance {
 public:
  // `work` must not throw, nor call Stop; it may call Arm.
  Maintenance(std::shared_ptr<const Clock> clock, std::function<void()> work)
      : clock_(std::move(clock)), work_(std::move(work)) {}
  ~Maintenance() { Stop(); }
  Maintenance(const Maintenance&) = delete;
  Maintenance& operator=(const Maintenance&) = delete;

  // `work` is to run at `deadline`, or before. If there is no thread to be had,
  // nothing happens, and the next call tries again.
  void Arm(TimePoint deadline) noexcept;

  // Waits for work in progress; there is none afterwards.
  void Stop() noexcept;

 private:
  void Loop();

  const std::shared_ptr<const Clock> clock_;
  const std::function<void()> work_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<TimePoint> deadline_;  // guarded by mutex_, as is stopping_
  bool stopping_ = false;
  std::thread thread_;  // assigned under mutex_, joined by Stop
};

}  // namespace appcache

#endif  // APPCACHE_ENGINE_LRU_MAINTENANCE_H_
