// Connections to databases of the heap VFS, and files of it without a
// connection, for its tests.

#ifndef APPCACHE_TESTS_VFS_HEAP_CONNECTION_H_
#define APPCACHE_TESTS_VFS_HEAP_CONNECTION_H_

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/vfs/heap_vfs.h"
#include "tests/engine/plain_sqlite.h"

namespace appcache::vfs {

inline constexpr int kReadOnly = SQLITE_OPEN_READONLY;
inline constexpr int kReadWrite = SQLITE_OPEN_READWRITE;
inline constexpr int kCreate = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;

// Sets `db` to a new connection, or to null. Returns a result code of SQLite.
inline int TryConnect(const std::string& name, int flags, sqlite3*& db) {
  const int registered = RegisterHeapVfs();
  if (registered != SQLITE_OK) return registered;
  const int rc = sqlite3_open_v2(name.c_str(), &db, flags, kHeapVfsName);
  if (rc != SQLITE_OK) sqlite3_close(std::exchange(db, nullptr));
  return rc;
}

inline PlainSqlite Connect(const std::string& name, int flags = kReadWrite) {
  sqlite3* db = nullptr;
  EXPECT_EQ(TryConnect(name, flags, db), SQLITE_OK) << name;
  return PlainSqlite(db);
}

// A new database as the cache makes one: the log, and incremental vacuum.
inline PlainSqlite Create(const std::string& name) {
  PlainSqlite db = Connect(name, kCreate);
  db.Run("PRAGMA auto_vacuum = INCREMENTAL");
  EXPECT_EQ(db.Text("PRAGMA journal_mode = WAL"), "wal");
  return db;
}

// And with `rows` rows of `bytes` random bytes each in t(id, body), in the log.
inline PlainSqlite CreateFilled(const std::string& name, int rows, int bytes) {
  PlainSqlite db = Create(name);
  db.Run("CREATE TABLE t(id INTEGER PRIMARY KEY, body BLOB)");
  db.Run(
      "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n "
      "WHERE i < " +
      std::to_string(rows) +
      ") INSERT INTO t "
      "SELECT i, randomblob(" +
      std::to_string(bytes) + ") FROM n WHERE i <= " + std::to_string(rows));
  return db;
}

inline void ExpectIntegrity(const PlainSqlite& db) {
  EXPECT_EQ(db.Text("PRAGMA integrity_check"), "ok");
}

// The first column of the result of PRAGMA wal_checkpoint: not all was done.
inline bool IsCheckpointBusy(const PlainSqlite& db, const std::string& mode) {
  return db.Text("PRAGMA wal_checkpoint(" + mode + ")").starts_with("1|");
}

// The file of a connection's main database.
inline sqlite3_file* FileOf(const PlainSqlite& db) {
  sqlite3_file* file = nullptr;
  EXPECT_EQ(
      sqlite3_file_control(db.get(), "main", SQLITE_FCNTL_FILE_POINTER, &file),
      SQLITE_OK);
  return file;
}

// A database, or the log of one (SQLITE_OPEN_WAL), opened without a connection.
class RawFile {
 public:
  explicit RawFile(const std::string& name,
                   int flags = SQLITE_OPEN_MAIN_DB | kCreate,
                   const char* vfs_name = kHeapVfsName)
      : filename_(
            sqlite3_create_filename(name.c_str(), (name + "-journal").c_str(),
                                    (name + "-wal").c_str(), 0, nullptr)) {
    EXPECT_EQ(RegisterHeapVfs(), SQLITE_OK);
    sqlite3_vfs* const vfs = sqlite3_vfs_find(vfs_name);
    memory_.resize(static_cast<size_t>(vfs->szOsFile) / sizeof(memory_[0]) + 1);
    const char* const path = (flags & SQLITE_OPEN_WAL) != 0
                                 ? sqlite3_filename_wal(filename_)
                                 : filename_;
    open_code_ = vfs->xOpen(vfs, path, get(), flags, nullptr);
  }
  ~RawFile() {
    if (get()->pMethods != nullptr) methods().xClose(get());
    sqlite3_free_filename(filename_);
  }
  RawFile(const RawFile&) = delete;
  RawFile& operator=(const RawFile&) = delete;

  // The result code of opening it. After a failure nothing else may be called.
  int open_code() const { return open_code_; }

  sqlite3_file* get() {
    return reinterpret_cast<sqlite3_file*>(memory_.data());
  }
  const sqlite3_io_methods& methods() { return *get()->pMethods; }

  int Write(sqlite3_int64 at, std::string_view bytes) {
    return methods().xWrite(get(), bytes.data(), static_cast<int>(bytes.size()),
                            at);
  }

  // The bytes, which are '#' before the call.
  std::string Read(sqlite3_int64 at, size_t bytes, int expected = SQLITE_OK) {
    std::string read(bytes, '#');
    const int rc =
        methods().xRead(get(), read.data(), static_cast<int>(bytes), at);
    EXPECT_EQ(rc, expected) << bytes << " bytes at " << at;
    return read;
  }

  int Truncate(sqlite3_int64 size) { return methods().xTruncate(get(), size); }

  sqlite3_int64 Size() {
    sqlite3_int64 size = -1;
    EXPECT_EQ(methods().xFileSize(get(), &size), SQLITE_OK);
    return size;
  }

  // A region of the wal-index; null if there is none.
  volatile char* Region(int index, bool extend) {
    constexpr int kBytes = 32 << 10;
    volatile void* region = nullptr;
    EXPECT_EQ(methods().xShmMap(get(), index, kBytes, extend ? 1 : 0, &region),
              SQLITE_OK);
    return static_cast<volatile char*>(region);
  }

  // A lock of the wal-index; `flags` of SQLITE_SHM_*.
  int ShmLock(int first, int count, int flags) {
    return methods().xShmLock(get(), first, count, flags);
  }

  // The lock of the file.
  int Lock(int level) { return methods().xLock(get(), level); }
  int Unlock(int level) { return methods().xUnlock(get(), level); }

 private:
  const char* const filename_;
  std::vector<std::max_align_t> memory_;
  int open_code_ = SQLITE_OK;
};

}  // namespace appcache::vfs

#endif  // APPCACHE_TESTS_VFS_HEAP_CONNECTION_H_
