// SpareBlocks: memory of entries that were freed, kept for the next entries.
//
// Replaced entries are freed many at a time, after a grace period. The C
// library keeps few freed blocks for a thread: the others go through the lock
// and the lists of an arena, which may be that of another thread. Here a thread
// keeps what it has freed, in lists by size.
//
// One of the threads that set frees what all of them have replaced. So a thread
// keeps fewer than two chains of a size, and moves further ones to a pool. A
// thread that has no block of a size takes a chain from the pool. (These are
// the magazines and the depot of J. Bonwick and J. Adams, "Magazines and Vmem",
// 2001.)

#ifndef APPCACHE_ENGINE_RESIDENCY_SPARE_BLOCKS_H_
#define APPCACHE_ENGINE_RESIDENCY_SPARE_BLOCKS_H_

#include <bit>
#include <cstddef>

namespace appcache::residency {

// Thread-safe: each thread has lists of its own, and the process has one pool.
// A thread deletes its blocks when it ends, and keeps none afterwards. Only
// pool_bytes, which is for tests, waits for another thread. While one uses the
// pool, TryTake finds nothing there, Free deletes the chain that it would have
// moved there, and FreePool leaves chains there. In a child that was forked at
// that moment, they do so for ever, and pool_bytes does not return.
class SpareBlocks {
 public:
  // The limit of a thread: as much as one batch of a Reclaimer has. When it is
  // reached, the thread moves complete chains to the pool, those of small
  // blocks first. If that is not enough, it deletes the block.
  static constexpr size_t kMaxBytes = size_t{512} << 10;
  // The limit of the pool. When it is reached, a chain of another size is
  // deleted for a new one, because the sizes that are in use may have changed.
  // If there is none, the new one is deleted.
  static constexpr size_t kMaxPoolBytes = 2 * kMaxBytes;

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

  // How many blocks of BlockSize(size) a chain has.
  static constexpr size_t ChainLength(size_t size) noexcept {
    return kChainBytes / (BlockSize(size) + kHeader);
  }

  // A block of BlockSize(size), to be freed by operator delete or by Free. Null
  // if this thread has none and takes no chain from the pool: there is none,
  // another thread uses the pool, the chain would exceed kMaxBytes, the thread
  // is ending, or the block is large.
  static void* TryTake(size_t size) noexcept;

  // Keeps a block of operator new that has BlockSize(size), moves it to the
  // pool or deletes it.
  static void Free(void* block, size_t size) noexcept;

  // What this thread keeps.
  static size_t bytes() noexcept;
  // What the pool has; it counts a chain as kChainBytes.
  static size_t pool_bytes() noexcept;

  // Deletes the blocks of this thread: for one that makes few entries.
  static void FreeAll() noexcept;
  // Deletes those of the pool: when a cache is closed.
  static void FreePool() noexcept;

 private:
  // Of chunks: blocks with the header that the C library adds.
  static constexpr size_t kHeader = 8;
  static constexpr size_t kSmallest = 64;
  static constexpr size_t kLargest = 4096;
  static constexpr size_t kSteps = 8;
  static constexpr size_t kChainBytes = size_t{16} << 10;

  struct Spare;
  struct List;
  struct Lists;
  class Pool;
  class AtThreadEnd;

  static constexpr size_t ListOf(size_t block_size) noexcept;
  static constexpr size_t BlockSizeOf(size_t list) noexcept;
  static constexpr size_t ListCount() noexcept;

  static bool BeginUse() noexcept;
  static bool Refill(List& list, size_t block_size) noexcept;
  static void FinishChain(List& list, size_t block_size) noexcept;
  static bool MakeRoom(size_t bytes) noexcept;
  static void MoveToPool(Spare* chain, size_t list) noexcept;
  static void Delete(Spare* first) noexcept;

  static constinit thread_local Lists lists_;
  static constinit Pool pool_;
};

}  // namespace appcache::residency

#endif  // APPCACHE_ENGINE_RESIDENCY_SPARE_BLOCKS_H_
