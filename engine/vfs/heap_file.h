// The file methods of the heap VFS, for the database and for its write-ahead
// log. heap_vfs.h is the manual.

#ifndef APPCACHE_ENGINE_VFS_HEAP_FILE_H_
#define APPCACHE_ENGINE_VFS_HEAP_FILE_H_

#include <sqlite3.h>

#include <cstdint>

#include "engine/support/fork_guard.h"
#include "engine/vfs/heap_database.h"

namespace appcache::vfs {

// One opened file: what sqlite3_file points to. Used by one thread at a time,
// as SQLite's connections are.
struct OpenedFile {
  // Throws std::bad_alloc. REQUIRES: opened.
  OpenedFile(DatabaseRef opened, bool read_only);
  ~OpenedFile();

  const DatabaseRef database;
  const bool is_read_only;
  const internal::ForkGuard fork_guard;

  // For the database only.
  FileLocks::Holder file_lock;
  WalLocks::Holder wal_locks;
  int64_t mmap_limit = 0;  // bytes; set by PRAGMA mmap_size
  int fetched = 0;         // addresses that SQLite has
};

// Laid over the memory that SQLite provides for a file.
struct HeapFile {
  sqlite3_file base;  // the methods; first, as SQLite requires
  OpenedFile* opened;
};

extern const sqlite3_io_methods kDatabaseMethods;
extern const sqlite3_io_methods kLogMethods;

}  // namespace appcache::vfs

#endif  // APPCACHE_ENGINE_VFS_HEAP_FILE_H_
