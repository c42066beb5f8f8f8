// The heap VFS: named in-memory databases in WAL mode, for the threads of one
// process.
//
//   SQLite's own in-memory databases cannot use a write-ahead log: a reader
//   waits for the end of a write transaction, and a writer for the last reader.
//   This VFS keeps the database, its log and the wal-index on the heap, so that
//   readers and one writer go on at the same time, as they do on a file.
//
// Names. All connections that open the same name, compared exactly, share a
// database. It exists until the last of them is closed. SQLITE_OPEN_CREATE
// creates it; without, a name that does not exist is SQLITE_CANTOPEN. A forked
// child starts with no databases: in it, every operation on an inherited
// connection is SQLITE_IOERR, and closing one releases nothing.
//
// Journals. A new database starts with journal mode MEMORY and is switched with
// PRAGMA journal_mode = WAL. A journal file is SQLITE_CANTOPEN. Temporary files
// of SQLite (large sorts) are those of its default VFS.
//
// Connections that were opened with SQLITE_OPEN_READONLY never checkpoint, also
// not when they are closed: xShmLock refuses them the checkpoint lock alone
// (with others it is taken to recover the wal-index), and xLock refuses them
// anything above SHARED. Read-only connections never hold
// the write lock either, so a writer is never SQLITE_BUSY because of one. All
// connections that write must take turns under one lock that they also hold
// during a checkpoint: SQLite before 3.51.3 can lose transactions when one
// connection checkpoints at the instant at which another one commits.
//
// Sizes. Up to 16 TiB, then SQLITE_FULL. When there is no memory a write is
// SQLITE_IOERR_NOMEM and changes nothing. Memory returns to the system when the
// database or its log is truncated.
//
// Thread safety: a connection is used by one thread at a time, as usual; any
// number of connections at the same time.
//
// Which rule of SQLite's WAL protocol each part depends on:
//
//   xRead       A page that a reader finds in the database file, and a frame
//               that it finds in the log, is not overwritten while it holds its
//               read lock. So reads are plain copies without a lock. Only reads
//               without a read lock, of the header, take HeapDatabase's mutex.
//   xFetch      As for xRead; and SQLite releases every fetched page before it
//               releases its read lock. So xFetch returns the address of the
//               page itself, for pages below PRAGMA mmap_size. SQLite reads
//               pages beyond that with xRead, which copies them.
//   xTruncate   A checkpoint truncates the database only after it has copied
//               the whole log, which needs every reader to be at the end of it;
//               the log is truncated only when no reader uses it.
//   xShmMap     One live memory for all, in regions that never move.
//   xShmLock    Never waits: SQLITE_BUSY at once. A collision may make both
//               sides busy (wal_locks.h).
//   xShmBarrier A full barrier. SQLite writes the header of the wal-index
//               twice, with a barrier between, after it has written the log; a
//               reader reads both with a barrier between.
//   xSync       Does nothing: memory ends with the process.

#ifndef APPCACHE_ENGINE_VFS_HEAP_VFS_H_
#define APPCACHE_ENGINE_VFS_HEAP_VFS_H_

#include <cstdint>
#include <optional>
#include <string_view>

namespace appcache::vfs {

// The VFS's name, for sqlite3_open_v2.
inline constexpr char kHeapVfsName[] = "appcache-heap";

// Registers the VFS with SQLite, not as its default. Later calls do nothing.
// Returns a result code of SQLite. Thread-safe.
int RegisterHeapVfs() noexcept;

// The memory of a database.
struct MemoryUse {
  uint64_t database_bytes = 0;
  uint64_t log_bytes = 0;  // of the write-ahead log and its index
};

// That of the database of this name; none if there is no such database.
// Thread-safe. Throws std::bad_alloc.
std::optional<MemoryUse> MemoryUseOf(std::string_view name);

}  // namespace appcache::vfs

#endif  // APPCACHE_ENGINE_VFS_HEAP_VFS_H_
