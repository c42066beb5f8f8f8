#include "bench/frame/counting.h"

#include <cassert>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <vector>

namespace {

thread_local uint64_t allocations = 0;

}  // namespace

// All forms without an alignment: the sanitizer brings its own of those that
// are missing, and does not let memory of one be freed by another.
void* operator new(size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size == 0 ? 1 : size);
}
void* operator new(size_t size) {
  void* const memory = operator new(size, std::nothrow);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void* operator new[](size_t size) { return operator new(size); }
void* operator new[](size_t size, const std::nothrow_t&) noexcept {
  return operator new(size, std::nothrow);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, const std::nothrow_t&) noexcept {
  std::free(memory);
}

namespace appcache::bench {
namespace {

thread_local uint64_t allocations_before = 0;

std::vector<ExactCounter>& AddedCounters() {
  static std::vector<ExactCounter>& counters = *new std::vector<ExactCounter>;
  return counters;
}

}  // namespace

void AddCounter(const ExactCounter& counter) {
  AddedCounters().push_back(counter);
}

void StartCounting() {
  for (const ExactCounter& counter : AddedCounters()) counter.start();
  allocations_before = allocations;
}

void StopCounting(double operations, benchmark::UserCounters& counters) {
  assert(operations > 0);
  const uint64_t allocated = allocations - allocations_before;
  for (const ExactCounter& counter : AddedCounters()) {
    counters[counter.name] = static_cast<double>(counter.stop()) / operations;
  }
  counters["new"] = static_cast<double>(allocated) / operations;
}

}  // namespace appcache::bench
