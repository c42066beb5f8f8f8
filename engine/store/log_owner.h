// Detects a write-ahead log that belongs to another file than the one beside
// it.
//
// SQLite finds a log by its name. When a database is replaced and its log stays
// (mv backup cache.db), SQLite would apply that log to the new file, and so
// damage it. Therefore each opener of a cache notes in the lane file which
// database and log belong together. If that log is still there and the database
// is another one, the log is foreign. Files that were copied or restored
// together have another log than the one that was noted, and are left alone.
//
// Restriction: a file whose contents were overwritten (cp backup cache.db) is
// the same file, and its log is not detected. SQLite has the same restriction.

#ifndef APPCACHE_ENGINE_STORE_LOG_OWNER_H_
#define APPCACHE_ENGINE_STORE_LOG_OWNER_H_

#include <cstdint>
#include <string>

#include "engine/lane/writer_lane.h"

namespace appcache::store {

// Identifies a file independently of its name.
struct FileIdentity {
  uint64_t device = 0;
  uint64_t inode = 0;
  // The time of its creation, because inodes are used again. Zero where the
  // file system does not record it.
  int64_t created_s = 0;
  uint32_t created_ns = 0;

  // Zeros when there is no file.
  static FileIdentity Of(const std::string& path) noexcept;
  bool exists() const noexcept { return inode != 0; }
  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

// Notes that these two belong together. Does nothing when it cannot write: the
// log is then never foreign.
void NoteLogOwner(internal::WriterLane& lane, const FileIdentity& database,
                  const FileIdentity& log) noexcept APPCACHE_REQUIRES(lane);

// Whether the log at `path`-wal belongs to a file that was at `path` before.
// Throws std::bad_alloc.
bool HasForeignLog(const std::string& path);

}  // namespace appcache::store

#endif  // APPCACHE_ENGINE_STORE_LOG_OWNER_H_
