// Await: waits for what another thread, a process or a server does.

#ifndef APPCACHE_TESTS_SUPPORT_AWAIT_H_
#define APPCACHE_TESTS_SUPPORT_AWAIT_H_

#include <chrono>
#include <thread>

namespace appcache {

// Longer than anything in a test takes on a slow machine.
inline constexpr std::chrono::seconds kPatience{60};

// Waits until `condition()` is true. False: it still is not after kPatience.
// Asks every 200 us: a thread that asks all the time takes the processor from
// those for which it waits.
template <class Condition>
bool Await(const Condition& condition) {
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  return true;
}

}  // namespace appcache

#endif  // APPCACHE_TESTS_SUPPORT_AWAIT_H_
