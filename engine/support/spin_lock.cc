#include "engine/support/spin_lock.h"

#include <chrono>
#include <thread>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace appcache::internal {
namespace {

void Relax() noexcept {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace

void SpinLock::LockSlowly() noexcept {
  // Some hundred nanoseconds, some microseconds, and then for as long as it
  // takes.
  constexpr int kSpins = 64;
  constexpr int kYields = 64;
  constexpr std::chrono::microseconds kSleep{50};
  for (int attempt = 0;; ++attempt) {
    // Reads only: an exchange would take the line from the holder.
    if (!is_held_.load(std::memory_order_relaxed) && try_lock()) return;
    if (attempt < kSpins) {
      Relax();
    } else if (attempt < kSpins + kYields) {
      std::this_thread::yield();
    } else {
      std::this_thread::sleep_for(kSleep);
    }
  }
}

}  // namespace appcache::internal
