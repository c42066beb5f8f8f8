// Allocations of the calling thread: counted, and made to fail.
//
// A test that links this has its operator new replaced by one that counts.
// Only C++'s operator new is watched: not malloc, nor what over-aligned types
// use.

#ifndef APPCACHE_TESTS_SUPPORT_ALLOCATIONS_H_
#define APPCACHE_TESTS_SUPPORT_ALLOCATIONS_H_

#include <cstdint>
#include <limits>

namespace appcache {

// Counts from its construction on. One at a time in a thread.
class AllocationCounter {
 public:
  AllocationCounter();
  AllocationCounter(const AllocationCounter&) = delete;
  AllocationCounter& operator=(const AllocationCounter&) = delete;

  uint64_t count() const;
  // The sum of what was asked for, freed meanwhile or not.
  uint64_t bytes() const;

 private:
  const uint64_t count_before_;
  const uint64_t bytes_before_;
};

// While it lives, allocations of this thread throw std::bad_alloc: from the
// `first` one on (counted from 1), `failures` times. One at a time in a thread.
class FailingAllocations {
 public:
  static constexpr uint64_t kForEver = std::numeric_limits<uint64_t>::max();

  FailingAllocations(uint64_t first, uint64_t failures);
  ~FailingAllocations();
  FailingAllocations(const FailingAllocations&) = delete;
  FailingAllocations& operator=(const FailingAllocations&) = delete;

  // Whether any has failed yet.
  bool any_failed() const;
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_SUPPORT_ALLOCATIONS_H_
