// WalIndex: the regions of SQLite's wal-index, one live memory that all
// connections of a database share.
//
// SQLite reads and writes it directly, with its own barriers. A copy for each
// connection would not do: SQLite reads the header and the read marks again
// between two locks.

#ifndef APPCACHE_ENGINE_VFS_WAL_INDEX_H_
#define APPCACHE_ENGINE_VFS_WAL_INDEX_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "engine/support/mutex.h"

namespace appcache::vfs {

// Thread-safe. A region never moves, so its address may be kept.
class WalIndex {
 public:
  // SQLite asks for regions of this size only (WALINDEX_PGSZ in wal.c). Each
  // indexes about 4,096 frames.
  static constexpr size_t kRegionBytes = size_t{32} << 10;

  enum class Found { kRegion, kAbsent, kNoMemory };

  // Sets `region` to the region of that index. If there is none, creates it and
  // those before it, zeroed, if `extend`; otherwise sets null (kAbsent).
  Found Region(size_t index, bool extend, void*& region) noexcept
      APPCACHE_EXCLUDES(mutex_);

  // Frees all regions. REQUIRES: no connection uses one.
  void Clear() noexcept APPCACHE_EXCLUDES(mutex_);

  // Whether SQLite has written the header: the byte isInit, of the first of its
  // two copies (https://sqlite.org/walformat.html, "The WAL-Index Header").
  bool is_initialised() const noexcept APPCACHE_EXCLUDES(mutex_);

  size_t allocated_bytes() const noexcept APPCACHE_EXCLUDES(mutex_);

 private:
  mutable internal::Mutex mutex_;
  std::vector<std::unique_ptr<std::byte[]>> regions_
      APPCACHE_GUARDED_BY(mutex_);
};

}  // namespace appcache::vfs

#endif  // APPCACHE_ENGINE_VFS_WAL_INDEX_H_
