// Database: the database of a cache, and how to connect to it.
//
// There are three media: a file (file_database.cc), a named database in memory
// (memory_database.cc), and a connection of the caller's
// (borrowed_database.cc). This class has one query for each difference. No
// other class asks which medium it is.

#ifndef APPCACHE_ENGINE_STORE_DATABASE_H_
#define APPCACHE_ENGINE_STORE_DATABASE_H_

#include <cassert>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "appcache/error.h"
#include "appcache/log.h"
#include "engine/lane/writer_lane.h"
#include "engine/store/checkpoint.h"
#include "engine/store/connection.h"

struct sqlite3;

namespace appcache::store {

struct MemoryUse {
  uint64_t database_bytes = 0;
  uint64_t log_bytes = 0;
};

// Immutable once opened, except for what the writer does. Thread-safe.
class Database {
 public:
  virtual ~Database() = default;
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // --- What the medium is.

  // Whether a write-ahead log has to be checkpointed.
  virtual bool has_wal() const noexcept = 0;

  // The length of the log, in pages, at which it is checkpointed.
  virtual int64_t checkpoint_pages() const noexcept {
    return Checkpointer::kDefaultPages;
  }

  // Whether disk space is allocated to pages before they are committed.
  virtual bool covers_pages() const noexcept { return false; }

  // Whether the space of removed entries is returned while the database is
  // open, not only by Clear.
  virtual bool returns_space() const noexcept { return false; }

  // Whether only this object writes to the database, so that what was read from
  // it is known to be valid until then.
  virtual bool is_exclusive() const noexcept { return false; }

  // Whether entries survive the end of the process.
  virtual bool is_persistent() const noexcept = 0;

  // Whether readers have connections of their own. If not, ConnectReader
  // returns the writer's, and a read needs the writer lock.
  virtual bool has_own_readers() const noexcept = 0;

  // Whether the opened file is still at its path. If not, other openers get a
  // different file, and writes made here are lost. Costs one stat for a file,
  // nothing for the others.
  virtual bool IsInPlace() const noexcept { return true; }
  // The same as an error: kUnavailable.
  Status CheckInPlace() const;

  // For a file that is no longer in place: removes its log and the log's index
  // if they are still beside the path. SQLite would take them for those of the
  // file that is there now.
  virtual void RemoveOwnLog() const noexcept {}

  // Marks a file as suspect, because damage was found in it: the next OpenFile
  // checks every page and index, and repairs the file or sets it aside. Does
  // nothing for the others.
  virtual void MarkSuspect() const noexcept {}
  // Removes the mark, after a repair.
  virtual void ClearSuspect() const noexcept {}

  // The memory that the database occupies; none for a file, and for a
  // connection of the caller's. Throws std::bad_alloc.
  virtual std::optional<MemoryUse> memory_use() const { return std::nullopt; }

  // --- Connections.

  // A connection for reading.
  virtual Result<Connection> ConnectReader() const = 0;

  internal::WriterLane& lane() noexcept APPCACHE_RETURN_CAPABILITY(*lane_) {
    return *lane_;
  }
  Connection& writer() noexcept APPCACHE_REQUIRES(lane()) { return writer_; }

  // --- Contents.

  int64_t hash_seed() const noexcept { return hash_seed_; }

  // The name in messages.
  const std::string& name() const noexcept { return name_; }

 protected:
  explicit Database(std::unique_ptr<internal::WriterLane> lane)
      : lane_(std::move(lane)) {
    assert(lane_ != nullptr);
  }

  // Takes the connection that writes, and reads what meta says. REQUIRES: its
  // tables exist.
  Status Adopt(Connection writer);

 private:
  const std::unique_ptr<internal::WriterLane> lane_;
  std::string name_;
  int64_t hash_seed_ = 0;
  Connection writer_;
};

struct DatabaseSettings {
  std::chrono::milliseconds busy_timeout{0};
  std::optional<int64_t> hash_seed = std::nullopt;
  std::string vfs = {};  // for files
  LogSink log = nullptr;
};

using OpenedDatabase = Result<std::unique_ptr<Database>>;

// See SqliteCache's functions of the same names. They throw std::bad_alloc.
OpenedDatabase OpenInMemory(const std::string& name,
                            const DatabaseSettings& settings);
// The same; kInvalidArgument if the database exists.
OpenedDatabase CreateInMemory(const std::string& name,
                              const DatabaseSettings& settings);
OpenedDatabase OpenFile(const std::string& path,
                        const DatabaseSettings& settings);
OpenedDatabase Borrow(sqlite3* connection, const DatabaseSettings& settings);

// A connection that only reads the in-memory database of that name.
// kUnavailable when there is none.
Result<Connection> ConnectInMemory(const std::string& name,
                                   std::chrono::milliseconds busy_timeout);

// The pragmas of a connection that only reads. A page that is not in its cache
// costs a copy of 4 KiB, and for a file a system call: SQLite's default cache
// of 2 MiB is too small.
inline constexpr char kReaderPragmas[] = "PRAGMA cache_size = -8192";

}  // namespace appcache::store

#endif  // APPCACHE_ENGINE_STORE_DATABASE_H_
