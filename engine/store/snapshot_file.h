// SnapshotFile: writes the file of a snapshot, which replaces the file at its
// path in one step.
//
// The rows go into a new file beside the path. It has no write-ahead log, so a
// program can read it without writing anything beside it; OpenFile adds a log.

#ifndef APPCACHE_ENGINE_STORE_SNAPSHOT_FILE_H_
#define APPCACHE_ENGINE_STORE_SNAPSHOT_FILE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "appcache/error.h"
#include "engine/store/connection.h"
#include "engine/store/write_batch.h"
#include "engine/store/writer.h"

namespace appcache::store {

// Not thread-safe. Functions throw std::bad_alloc. Call them in this order,
// each once except Add, and each only if the one before it has succeeded.
class SnapshotFile {
 public:
  // `vfs` may be empty.
  SnapshotFile(std::string path, std::string vfs);
  // Removes the new file unless Replace has succeeded.
  ~SnapshotFile();
  SnapshotFile(const SnapshotFile&) = delete;
  SnapshotFile& operator=(const SnapshotFile&) = delete;

  // Creates the new file, which only this user may access. kUnsupported or
  // kCorrupt when the file at the path is not a cache: it would be lost.
  Status Create(int64_t hash_seed);

  // Adds rows. REQUIRES: each has a last_used.
  Status Add(const WriteBatch& rows);

  // Makes the new file durable.
  Status Finish();

  // Moves the new file to the path. kBusy when another process has the cache at
  // the path open. REQUIRES: this process does not have it open.
  Status Replace();

 private:
  Status CheckReplaceable() const;
  // Removes the log of the file at the path, which would be taken for the new
  // file's. kBusy when somebody uses it.
  Status RemoveOldLog() const;
  // Gives the new file the owner and the permissions of the old one.
  Status TakeAccessOfOld() const;

  const std::string path_;
  const std::string vfs_;
  std::string new_path_;  // empty when there is no file to remove
  // Destroyed in the opposite order.
  Connection connection_;
  Writer writer_;
  std::optional<Writer::Transaction> transaction_;
};

}  // namespace appcache::store

#endif  // APPCACHE_ENGINE_STORE_SNAPSHOT_FILE_H_
