// FailingMemory: memory that runs out on request.
//
// A test that links this has every operator new and SQLite's allocator
// replaced, and the chunks of the heap VFS are watched: all count the
// allocations of the calling thread in one sequence, and fail where a test says
// so. Not watched: what the C library and zlib take from malloc.

#ifndef APPCACHE_TESTS_FAULT_FAILING_MEMORY_H_
#define APPCACHE_TESTS_FAULT_FAILING_MEMORY_H_

#include <cstdint>
#include <limits>

namespace appcache {

// While it lives, allocations of this thread fail as planned. One at a time in
// a thread.
class FailingMemory {
 public:
  static constexpr uint64_t kForEver = std::numeric_limits<uint64_t>::max();

  struct Plan {
    uint64_t first = 1;            // the allocation that fails, counted from 1
    uint64_t failures = kForEver;  // and so many in all
  };

  explicit FailingMemory(Plan plan);
  ~FailingMemory();
  FailingMemory(const FailingMemory&) = delete;
  FailingMemory& operator=(const FailingMemory&) = delete;

  // How many there were, those that failed included.
  uint64_t allocations() const;
  // How many have failed.
  uint64_t failed() const;

  // While it lives, none fails: for what a test does in a callback.
  class Pause {
   public:
    Pause();
    ~Pause();
    Pause(const Pause&) = delete;
    Pause& operator=(const Pause&) = delete;

   private:
    const bool was_armed_;
  };
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_FAULT_FAILING_MEMORY_H_
