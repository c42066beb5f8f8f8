#include "engine/support/fork_guard.h"

#include <pthread.h>

#include <atomic>

namespace appcache::internal {
namespace {

std::atomic<uint64_t> generation{0};

// Registered before main, so that ForkGeneration needs no check for that.
const int registered = pthread_atfork(nullptr, nullptr, [] {
  generation.fetch_add(1, std::memory_order_relaxed);
});

}  // namespace

uint64_t ForkGeneration() noexcept {
  (void)registered;
  return generation.load(std::memory_order_relaxed);
}

}  // namespace appcache::internal
