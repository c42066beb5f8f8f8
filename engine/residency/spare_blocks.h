// SpareBlocks: memory of entries that were freed, kept by each thread for its
// next entries.
//
// Replaced entries are freed many at a time, after a grace period. The C
// library keeps few freed blocks for a thread: the others go through the lock
// and the lists of an arena, which may be that of another thread. Here a thread
// keeps what it has freed, up to kMaxBytes, in lists by size.

#ifndef APPCACHE_ENGINE_RESIDENCY_SPARE_BLOCKS_H_
#define APPCACHE_ENGINE_RESIDENCY_SPARE_BLOCKS_H_

#include <bit>
#include <cstddef>

namespace appcache::residency {

// Of the calling thread. It frees them when it ends, and keeps none afterwards.
class SpareBlocks {
 public:
  // As much as one collection of a Reclaimer frees.
  static constexpr size_t kMaxBytes = size_t{512} << 10;

  // The size of the block for `size` bytes: a multiple of an eighth of the
  // power of two below, at most `size` * 9 / 8. Large blocks are not kept and
  // have the size that is asked for.
  static constexpr size_t BlockSize(size_t size) noexcept {
    if (size > kLargest) return size;
    if (size <= kSmallest) return kSmallest;
    const size_t step = std::bit_floor(size - 1) / kSteps;
    return (size + step - 1) / step * step;
  }

  // A block of BlockSize(size), to be freed by operator delete or by Free; null
  // when this thread has none.
  static void* TryTake(size_t size) noexcept;

  // Keeps or deletes a block of operator new that has BlockSize(size).
  static void Free(void* block, size_t size) noexcept;

  // What this thread keeps.
  static size_t bytes() noexcept;

 private:
  static constexpr size_t kSmallest = 64;
  static constexpr size_t kLargest = 4096;
  static constexpr size_t kSteps = 8;

  struct Lists;
  class AtThreadEnd;

  // The list of a block size.
  static constexpr size_t ListOf(size_t block_size) noexcept;

  static constinit thread_local Lists lists_;
};

}  // namespace appcache::residency

#endif  // APPCACHE_ENGINE_RESIDENCY_SPARE_BLOCKS_H_
