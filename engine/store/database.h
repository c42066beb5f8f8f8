// Database: where a cache's data is, and how connections to it are made.
//
// Knows the differences between memory, file and a borrowed connection, so that
// nothing above has to.

#ifndef APPCACHE_ENGINE_STORE_DATABASE_H_
#define APPCACHE_ENGINE_STORE_DATABASE_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "engine/error.h"
#include "engine/lane/writer_lane.h"
#include "engine/log.h"
#include "engine/store/connection.h"

struct sqlite3;

namespace appcache::store {

// Which file it is that has a name.
struct FileIdentity {
  uint64_t device = 0;
  uint64_t inode = 0;

  // All zero when there is none.
  static FileIdentity Of(const std::string& path) noexcept;
  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

// Immutable after Open, but for what its lane and writer do. Thread-safe but
// for writer(), which belongs to whoever holds a pass of the lane.
class Database {
 public:
  struct Settings {
    std::chrono::milliseconds busy_timeout;
    std::optional<int64_t> hash_seed;
    std::string vfs;  // files only
    LogSink log;
  };

  using Opened = Result<std::unique_ptr<Database>>;

  // See SqliteCache's functions of the same names for what they do and their
  // errors.
  static Opened OpenInMemory(const std::string& name, const Settings& settings);
  static Opened OpenFile(const std::string& path, const Settings& settings);
  static Opened Borrow(sqlite3* connection, const Settings& settings);

  // A connection to the database in memory of that name.
  static Result<Connection> ConnectInMemory(
      const std::string& name, std::chrono::milliseconds busy_timeout);

  // Another connection, for reading only by agreement. A borrowed database has
  // but the one: the same again.
  Result<Connection> ConnectReader() const;

  bool is_borrowed() const noexcept { return borrowed_ != nullptr; }
  // Whether the entries go with the process.
  bool is_in_memory() const noexcept { return is_in_memory_; }
  bool has_log() const noexcept { return has_log_; }
  int64_t hash_seed() const noexcept { return hash_seed_; }
  // What messages call it.
  const std::string& name() const noexcept { return name_; }

  WriterLane& lane() noexcept { return *lane_; }
  Connection& writer() noexcept { return writer_; }

  // kUnavailable when the file that was opened is not the one of that name any
  // more: who opens it now meets another, and what is written here, nobody. One
  // stat of a file; nothing otherwise.
  Status CheckInPlace() const;

  // Damage was met while the database was in use: the next OpenFile is to look
  // at every page before it trusts it. Does nothing but for a file.
  void MarkSuspect() const noexcept;

 private:
  Database() = default;
  // Takes over what the tables of writer_ say.
  Status Adopt();
  Status MakeOrVerifyFile(const std::string& path, const Settings& settings);
  Result<Connection> ConnectFile(const std::string& path,
                                 const Settings& settings) const;

  std::string name_;
  std::string uri_;
  sqlite3* borrowed_ = nullptr;
  int open_flags_ = 0;
  std::string vfs_;
  std::chrono::milliseconds busy_timeout_{0};
  std::string suspect_path_;  // empty but for a file
  FileIdentity identity_;     // of a file
  bool is_in_memory_ = false;
  bool has_log_ = false;
  int64_t hash_seed_ = 0;
  std::unique_ptr<WriterLane> lane_;
  Connection writer_;
};

}  // namespace appcache::store

#endif  // APPCACHE_ENGINE_STORE_DATABASE_H_
