// Chunks: blocks of memory that come from the operating system and return to
// it when they are freed.
//
// They bypass malloc, which keeps freed blocks of this size for reuse: a cache
// that shrinks would not make the process smaller.

#ifndef APPCACHE_ENGINE_VFS_CHUNK_MEMORY_H_
#define APPCACHE_ENGINE_VFS_CHUNK_MEMORY_H_

#include <cstddef>

namespace appcache::vfs {

// The largest page size of SQLite, so that no page straddles two chunks. The
// system merges neighbouring chunks into one mapping.
inline constexpr size_t kChunkBytes = size_t{64} << 10;

// kChunkBytes of zeros, aligned to a page of memory; null when there is no
// memory. The caller frees it. Costs a system call.
std::byte* AllocateChunk() noexcept;
void FreeChunk(std::byte* chunk) noexcept;

// For tests: `fails` is called by each AllocateChunk, which returns null if it
// returns true. Null: none fails. Call it while no other thread allocates.
void SetChunkFailure(bool (*fails)()) noexcept;

}  // namespace appcache::vfs

#endif  // APPCACHE_ENGINE_VFS_CHUNK_MEMORY_H_
