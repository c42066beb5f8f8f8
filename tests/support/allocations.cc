#include "tests/support/allocations.h"

#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

// Per thread. Plain data: usable before and after main.
struct State {
  uint64_t count;
  uint64_t bytes;
  uint64_t until_failure;  // allocations that still succeed; see `armed`
  uint64_t failures_left;
  bool armed;
  bool any_failed;
};
thread_local State state;

bool ShouldFail() {
  if (!state.armed || state.failures_left == 0) return false;
  if (state.until_failure > 0) {
    --state.until_failure;
    return false;
  }
  --state.failures_left;
  state.any_failed = true;
  return true;
}

}  // namespace

// All forms are replaced: by default the others call the first one, but those
// of a sanitizer do not.

void* operator new(size_t size, const std::nothrow_t&) noexcept {
  ++state.count;
  state.bytes += size;
  return ShouldFail() ? nullptr : std::malloc(size ? size : 1);
}
void* operator new[](size_t size, const std::nothrow_t&) noexcept {
  return ::operator new(size, std::nothrow);
}
void* operator new(size_t size) {
  void* const memory = ::operator new(size, std::nothrow);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void* operator new[](size_t size) { return ::operator new(size); }

void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, const std::nothrow_t&) noexcept {
  std::free(memory);
}

namespace appcache {

AllocationCounter::AllocationCounter()
    : count_before_(state.count), bytes_before_(state.bytes) {}
uint64_t AllocationCounter::count() const {
  return state.count - count_before_;
}
uint64_t AllocationCounter::bytes() const {
  return state.bytes - bytes_before_;
}

FailingAllocations::FailingAllocations(uint64_t first, uint64_t failures) {
  state.until_failure = first - 1;
  state.failures_left = failures;
  state.any_failed = false;
  state.armed = true;
}
FailingAllocations::~FailingAllocations() { state.armed = false; }
bool FailingAllocations::any_failed() const { return state.any_failed; }

}  // namespace appcache
