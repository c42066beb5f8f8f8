// Which file the write-ahead log beside a database belongs to.
//
// SQLite finds a log by its name. When a database is replaced and its log stays
// (mv backup cache.db), SQLite would apply that log to the new file, and so
// damage it. So who opens a cache notes in its lane file which database and log
// belong together. If that log is still there and the database is another one,
// the log is foreign. Files that were copied or restored together have another
// log than the one that was noted, and are left alone.

#ifndef APPCACHE_ENGINE_STORE_LOG_OWNER_H_
#define APPCACHE_ENGINE_STORE_LOG_OWNER_H_

#include <cstdint>
#include <string>

#include "engine/lane/writer_lane.h"

namespace appcache::store {

// Which file it is, whatever its name.
struct FileIdentity {
  uint64_t device = 0;
  uint64_t inode = 0;
  // When it was created: inodes are used again. Zero where the file system does
  // not know.
  int64_t created_s = 0;
  uint32_t created_ns = 0;

  // Zeros when there is no file.
  static FileIdentity Of(const std::string& path) noexcept;
  bool exists() const noexcept { return inode != 0; }
  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

// Notes that these two belong together. Does nothing when it cannot write: the
// log is then never foreign. REQUIRES: the writer lock is held.
void NoteLogOwner(internal::WriterLane& lane, const FileIdentity& database,
                  const FileIdentity& log) noexcept;

// Whether the log at `path`-wal belongs to a file that was at `path` before.
// Throws std::bad_alloc.
bool HasForeignLog(const std::string& path);

}  // namespace appcache::store

#endif  // APPCACHE_ENGINE_STORE_LOG_OWNER_H_
