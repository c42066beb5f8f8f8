// SnapshotFile: writes the file of a snapshot, which replaces the file at its
// path in one step. ConnectToRead: reads such a file, or any other cache file.
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

  const std::string path_;
  const std::string vfs_;
  std::string new_path_;  // empty when there is no file to remove
  // Destroyed in the opposite order.
  Connection connection_;
  Writer writer_;
  std::optional<Writer::Transaction> transaction_;
};

// A connection that only reads the cache file at `path`, and creates nothing
// beside it unless its last user was killed. Checks every page. Errors:
// kUnavailable (no such file, permissions), kUnsupported (not an appcache, or a
// newer version), kCorrupt. Throws std::bad_alloc.
Result<Connection> ConnectToRead(const std::string& path,
                                 const std::string& vfs);

// What changes when somebody writes to a file. Zeros when there is none.
struct FileState {
  uint64_t device = 0;
  uint64_t inode = 0;
  int64_t bytes = 0;
  int64_t modified_s = 0;
  int64_t modified_ns = 0;

  static FileState Of(const std::string& path) noexcept;
  friend bool operator==(const FileState&, const FileState&) = default;
};

// kBusy if the file was read without locks, because SQLite would have created a
// log for them, and has changed since it was `before`.
Status CheckUnchanged(const Connection& connection, const std::string& path,
                      const FileState& before);

// Starts a read transaction that sees the database of this moment. It ends with
// the connection.
Status StartReading(const Connection& connection);

}  // namespace appcache::store

#endif  // APPCACHE_ENGINE_STORE_SNAPSHOT_FILE_H_
