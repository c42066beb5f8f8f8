// BackgroundLoads: counts the loads of a cache that run in other threads than
// their callers', so that the cache can wait for them.

#ifndef APPCACHE_ENGINE_LOADING_BACKGROUND_LOADS_H_
#define APPCACHE_ENGINE_LOADING_BACKGROUND_LOADS_H_

#include <condition_variable>
#include <cstddef>
#include <utility>

#include "engine/support/mutex.h"

namespace appcache::internal {

// Thread-safe.
class BackgroundLoads {
 public:
  // Counts one load: from before it is passed to an executor until it no longer
  // uses the cache.
  class Running {
   public:
    // A load that must not start.
    Running() noexcept = default;
    Running(Running&& other) noexcept
        : owner_(std::exchange(other.owner_, nullptr)) {}
    Running& operator=(Running&&) = delete;
    ~Running() {
      if (owner_ != nullptr) owner_->End();
    }

    explicit operator bool() const noexcept { return owner_ != nullptr; }

   private:
    friend class BackgroundLoads;
    explicit Running(BackgroundLoads* owner) noexcept : owner_(owner) {}

    BackgroundLoads* owner_ = nullptr;
  };

  BackgroundLoads() = default;
  BackgroundLoads(const BackgroundLoads&) = delete;
  BackgroundLoads& operator=(const BackgroundLoads&) = delete;

  // False as a bool after Stop.
  Running Begin() APPCACHE_EXCLUDES(mutex_);

  // Waits for the running loads. No load begins afterwards.
  void Stop() APPCACHE_EXCLUDES(mutex_);

 private:
  void End() APPCACHE_EXCLUDES(mutex_);

  Mutex mutex_;
  std::condition_variable ended_;
  size_t running_ APPCACHE_GUARDED_BY(mutex_) = 0;
  bool is_stopped_ APPCACHE_GUARDED_BY(mutex_) = false;
};

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_LOADING_BACKGROUND_LOADS_H_
