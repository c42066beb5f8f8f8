// ThreadCounter: a counter of one thread, which others may read.

#ifndef APPCACHE_ENGINE_SUPPORT_THREAD_COUNTER_H_
#define APPCACHE_ENGINE_SUPPORT_THREAD_COUNTER_H_

#include <atomic>
#include <cstdint>

namespace appcache::internal {

// One thread at a time increments it, without an atomic addition. Any thread
// reads it.
class ThreadCounter {
 public:
  // Returns the new value.
  uint64_t operator++() noexcept {
    const uint64_t next = value() + 1;
    value_.store(next, std::memory_order_relaxed);
    return next;
  }
  uint64_t value() const noexcept {
    return value_.load(std::memory_order_relaxed);
  }

 private:
  std::atomic<uint64_t> value_{0};
};

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_SUPPORT_THREAD_COUNTER_H_
