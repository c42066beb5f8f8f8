// Events: hands what happens to the user's hook, from a thread of its own.

#ifndef APPCACHE_ADAPTERS_TIERED_EVENTS_H_
#define APPCACHE_ADAPTERS_TIERED_EVENTS_H_

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>

#include "adapters/tiered/tier_event.h"
#include "engine/clock.h"
#include "engine/log.h"

namespace appcache::tiered {

// Thread-safe. The thread begins with the first event; there is none without a
// hook.
class Events {
 public:
  Events(TierHook hook, LogSink log, std::shared_ptr<const Clock> clock);
  ~Events() { Stop(); }
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;

  // Never waits for the hook. May be called under any lock but this object's.
  void Post(TierEvent::Kind kind, std::string_view detail = {}) noexcept;

  // Waits for the hook, if it is being called. Nothing is told any more.
  void Stop();

  // For want of room, memory or a thread.
  uint64_t dropped() const noexcept {
    return dropped_.load(std::memory_order_relaxed);
  }

 private:
  static constexpr size_t kMaxQueued = 256;

  void Run();
  void Tell(const TierEvent& event) const noexcept;

  const TierHook hook_;
  const LogSink log_;
  const std::shared_ptr<const Clock> clock_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<TierEvent> queued_;  // guarded by mutex_, as is the rest
  bool is_ending_ = false;
  std::thread thread_;

  std::atomic<uint64_t> dropped_{0};
};

}  // namespace appcache::tiered

#endif  // APPCACHE_ADAPTERS_TIERED_EVENTS_H_
