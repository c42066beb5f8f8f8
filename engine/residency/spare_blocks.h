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
  // As much as one batch of a Reclaimer has.
  static constexpr size_t kMaxBytes = size_t{512} << 10;

  // The size of the block for `size` bytes. With the C library's header it is a
  // multiple of an eighth of the power of two below, and 64 at least. Large
  // blocks are not kept and have the size that is asked for.
  static constexpr size_t BlockSize(size_t size) noexcept {
    const size_t chunk = size + kHeader;
    if (chunk > kLargest) return size;
    if (chunk <= kSmallest) return kSmallest - kHeader;
    const size_t step = std::bit_floor(chunk - 1) / kSteps;
    return (chunk + step - 1) / step * step - kHeader;
  }

  // A block of BlockSize(size), to be freed by operator delete or by Free; null
  // when this thread has none.
  static void* TryTake(size_t size) noexcept;

  // Keeps or deletes a block of operator new that has BlockSize(size).
  static void Free(void* block, size_t size) noexcept;

  // What this thread keeps.
  static size_t bytes() noexcept;
  // Frees it: for a thread that makes few entries.
  static void FreeAll() noexcept;

 private:
  // Of chunks: blocks with the header that the C library adds.
  static constexpr size_t kHeader = 8;
  static constexpr size_t kSmallest = 64;
  static constexpr size_t kLargest = 4096;
  static constexpr size_t kSteps = 8;

  struct Spare;
  struct Lists;
  class AtThreadEnd;

  static constexpr size_t ListOf(size_t chunk_size) noexcept;

  static constinit thread_local Lists lists_;
};

}  // namespace appcache::residency

#endif  // APPCACHE_ENGINE_RESIDENCY_SPARE_BLOCKS_H_
