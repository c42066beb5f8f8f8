// HeapDatabase: one named database of the heap VFS: its file, its write-ahead
// log, the wal-index and the locks.

#ifndef APPCACHE_ENGINE_VFS_HEAP_DATABASE_H_
#define APPCACHE_ENGINE_VFS_HEAP_DATABASE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "engine/support/mutex.h"
#include "engine/vfs/file_locks.h"
#include "engine/vfs/heap_storage.h"
#include "engine/vfs/wal_index.h"
#include "engine/vfs/wal_locks.h"

namespace appcache::vfs {

// Thread-safe as far as each member is.
struct HeapDatabase {
  HeapStorage file;
  // Held by writes to `file`, and by reads of it without a lock of WalLocks:
  // SQLite reads the header so before it knows that there is a log.
  internal::Mutex file_mutex;

  HeapStorage log;
  std::atomic<bool> has_log{false};

  WalIndex wal_index;
  WalLocks wal_locks;
  FileLocks file_locks;

  uint64_t allocated_log_bytes() const noexcept {
    return log.allocated_bytes() + wal_index.allocated_bytes();
  }
};

// Shared ownership of one of this process's databases, found by name. The last
// owner frees it.
//
// A forked child starts with no databases: the memory of its parent's stays as
// it is, unused.
class DatabaseRef {
 public:
  enum class Mode { kOpen, kOpenOrCreate, kCreate };

  // The database of exactly that name. Null when there is none (kOpen), or when
  // there is one (kCreate). Throws std::bad_alloc. Thread-safe.
  DatabaseRef(std::string_view name, Mode mode);
  DatabaseRef(DatabaseRef&&) noexcept = default;
  DatabaseRef& operator=(DatabaseRef&&) = delete;
  ~DatabaseRef();

  HeapDatabase* operator->() const noexcept { return database_.get(); }
  explicit operator bool() const noexcept { return database_ != nullptr; }

 private:
  std::shared_ptr<HeapDatabase> database_;
};

}  // namespace appcache::vfs

#endif  // APPCACHE_ENGINE_VFS_HEAP_DATABASE_H_
