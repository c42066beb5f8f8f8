// Counts the allocations of the calling thread, and makes them fail.
//
// Replaces operator new in a test that links this. Does not see malloc, nor the
// operator new of over-aligned types.

#ifndef APPCACHE_TESTS_SUPPORT_ALLOCATIONS_H_
#define APPCACHE_TESTS_SUPPORT_ALLOCATIONS_H_

#include <cstdint>
#include <limits>

namespace appcache {

// Counts from its construction on. At most one per thread at a time.
class AllocationCounter {
 public:
  AllocationCounter();
  AllocationCounter(const AllocationCounter&) = delete;
  AllocationCounter& operator=(const AllocationCounter&) = delete;

  uint64_t count() const;
  // The total size of the allocations, whether they have been freed or not.
  uint64_t bytes() const;

 private:
  const uint64_t count_before_;
  const uint64_t bytes_before_;
};

// During its lifetime, allocations of this thread throw std::bad_alloc: from
// the `first` one on (counted from 1), `failures` times. At most one per thread
// at a time.
class FailingAllocations {
 public:
  static constexpr uint64_t kForEver = std::numeric_limits<uint64_t>::max();

  FailingAllocations(uint64_t first, uint64_t failures);
  ~FailingAllocations();
  FailingAllocations(const FailingAllocations&) = delete;
  FailingAllocations& operator=(const FailingAllocations&) = delete;

  // Whether an allocation has failed.
  bool any_failed() const;
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_SUPPORT_ALLOCATIONS_H_
