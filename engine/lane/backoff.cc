#include "engine/lane/backoff.h"

#include <algorithm>
#include <thread>

namespace appcache::internal {
namespace {

// A write transaction takes about 10 us, so most waits end while the caller
// still yields.
constexpr int kYields = 32;
constexpr std::chrono::microseconds kFirstSleep{20};
constexpr std::chrono::microseconds kLongestSleep{500};

}  // namespace

bool Backoff::Wait() noexcept {
  const auto now = std::chrono::steady_clock::now();
  if (now >= deadline_) return false;
  const int wait = waits_++;
  if (wait < kYields) {
    std::this_thread::yield();
    return true;
  }
  const int doublings = std::min(wait - kYields, 5);
  const std::chrono::microseconds sleep =
      std::min(kFirstSleep * (1 << doublings), kLongestSleep);
  std::this_thread::sleep_for(
      std::min<std::chrono::nanoseconds>(sleep, deadline_ - now));
  return true;
}

}  // namespace appcache::internal
