// HeapStorage: the bytes of a file, kept on the heap at addresses that do not
// change while the file grows.
//
// A directory of chunks (chunk_memory.h) that is itself made of segments, each
// twice as long as the one before. Neither chunks nor segments ever move, so a
// reader needs no lock and may keep an address (Address) while a writer
// appends.

#ifndef APPCACHE_ENGINE_VFS_HEAP_STORAGE_H_
#define APPCACHE_ENGINE_VFS_HEAP_STORAGE_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/vfs/chunk_memory.h"

namespace appcache::vfs {

// One thread at a time may change the file (Write, Truncate). Others may read
// while it does, but not the bytes that it changes: SQLite's locks ensure this
// (heap_vfs.h says how).
//
// What a reader sees: Write stores the size with release order after it has
// copied the bytes, and Read loads it with acquire order, so a reader that
// learned of a write through any other channel sees its bytes.
class HeapStorage {
 public:
  // The first segment has kFirstSegment chunks.
  static constexpr size_t kFirstSegment = 64;
  static constexpr size_t kSegments = 22;
  // 16 TiB, as much as SQLite addresses with its default pages.
  static constexpr uint64_t kMaxBytes =
      kChunkBytes * kFirstSegment * ((uint64_t{1} << kSegments) - 1);

  HeapStorage() noexcept = default;
  ~HeapStorage();
  HeapStorage(const HeapStorage&) = delete;
  HeapStorage& operator=(const HeapStorage&) = delete;

  uint64_t size() const noexcept {
    return size_.load(std::memory_order_acquire);
  }

  // The memory of the chunks. May be called by any thread at any time.
  uint64_t allocated_bytes() const noexcept {
    return chunks_.load(std::memory_order_relaxed) * kChunkBytes;
  }

  // Copies the bytes from `offset`, as many as there are, and returns their
  // number. Bytes that were never written are zero.
  size_t Read(uint64_t offset, std::span<std::byte> to) const noexcept;

  // Copies `from` to `offset`, and extends the file. False, and nothing has
  // changed, when there is no memory. REQUIRES: offset + from.size() <=
  // kMaxBytes.
  [[nodiscard]] bool Write(uint64_t offset,
                           std::span<const std::byte> from) noexcept;

  // Sets the size. Frees the chunks that are no longer needed; bytes beyond the
  // new size are zero if the file grows again. REQUIRES: size <= kMaxBytes, and
  // nobody reads beyond the new size or keeps an address there.
  void Truncate(uint64_t size) noexcept;

  // The address of `bytes` bytes from `offset`, valid until they are truncated;
  // null when they are not all in the file and in one chunk.
  std::byte* Address(uint64_t offset, size_t bytes) const noexcept;

 private:
  using Chunk = std::atomic<std::byte*>;

  // Null where nothing was written.
  std::byte* ChunkAt(uint64_t index) const noexcept;
  // Allocates the chunk at `index` if there is none. False: no memory.
  bool Ensure(uint64_t index) noexcept;
  // Frees the chunks that have no byte below `size`.
  void FreeBeyond(uint64_t size) noexcept;

  std::array<std::atomic<Chunk*>, kSegments> segments_{};
  std::atomic<uint64_t> size_{0};
  std::atomic<uint64_t> chunks_{0};
  uint64_t end_ = 0;  // no chunk has this index or a larger one; the writer's
};

}  // namespace appcache::vfs

#endif  // APPCACHE_ENGINE_VFS_HEAP_STORAGE_H_
