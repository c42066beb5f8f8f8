// Events: a queue of tier events, and the thread that passes them to the
// program's hook.

#ifndef APPCACHE_ADAPTERS_TIERED_EVENTS_H_
#define APPCACHE_ADAPTERS_TIERED_EVENTS_H_

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>
#include <thread>

#include "appcache/clock.h"
#include "appcache/log.h"
#include "appcache/tier_event.h"
#include "engine/support/mutex.h"

namespace appcache::tiered {

// Thread-safe. The thread starts with the first event, and never when the hook
// is empty.
class Events {
 public:
  Events(TierHook hook, LogSink log, std::shared_ptr<const Clock> clock);
  ~Events() { Stop(); }
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;

  // Queues an event. Never waits for the hook, and may be called under any
  // lock. Does nothing after Stop.
  void Post(TierEvent::Kind kind, std::string_view detail = {}) noexcept
      APPCACHE_EXCLUDES(mutex_);

  // Waits for a call of the hook in progress and discards the queue. The hook
  // is not called afterwards. May be called again. REQUIRES: one caller at a
  // time, and not from the hook.
  void Stop() APPCACHE_EXCLUDES(mutex_);

  // Events that were not queued: the queue was full, or there was no memory or
  // thread.
  uint64_t dropped() const noexcept {
    return dropped_.load(std::memory_order_relaxed);
  }

 private:
  static constexpr size_t kMaxQueued = 256;

  void Run() APPCACHE_EXCLUDES(mutex_);
  void CallHook(const TierEvent& event) const noexcept;

  const TierHook hook_;
  const LogSink log_;
  const std::shared_ptr<const Clock> clock_;

  // No other lock is taken while it is held.
  internal::Mutex mutex_;
  std::condition_variable changed_;
  std::deque<TierEvent> queue_ APPCACHE_GUARDED_BY(mutex_);
  bool is_stopped_ APPCACHE_GUARDED_BY(mutex_) = false;
  std::thread thread_ APPCACHE_GUARDED_BY(mutex_);

  std::atomic<uint64_t> dropped_{0};
};

}  // namespace appcache::tiered

#endif  // APPCACHE_ADAPTERS_TIERED_EVENTS_H_
