// Environment: a directory that is open in this process.

#ifndef APPCACHE_ADAPTERS_LMDB_ENVIRONMENT_H_
#define APPCACHE_ADAPTERS_LMDB_ENVIRONMENT_H_

#include <lmdb.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "adapters/lmdb/limits.h"
#include "adapters/lmdb/reader_pool.h"
#include "adapters/lmdb/tables.h"
#include "appcache/error.h"
#include "engine/lane/file_lock.h"
#include "engine/lane/writer_lane.h"
#include "engine/support/fork_guard.h"

namespace appcache::lmdb {

// Thread-safe. In a forked child only in_child() may be called, and the object
// must not be destroyed.
//
// Other processes may open the directory with a larger max_bytes, and the map
// then grows. A transaction that needs the larger map remaps it first.
class Environment {
 public:
  // Opens the files in `directory`, an absolute path, and creates them if they
  // do not exist. `lock` is the lock file of the directory. kUnsupported when
  // the files are not appcache's or have another version; kCorrupt; kBusy;
  // kUnavailable; kFull.
  static Result<std::shared_ptr<Environment>> Open(
      const std::string& directory, internal::FileLock lock, uint64_t max_bytes,
      std::chrono::milliseconds busy_timeout);

  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  const std::string& directory() const noexcept { return directory_; }
  uint64_t max_bytes() const noexcept { return max_bytes_; }
  const Limits& limits() const noexcept { return limits_; }
  const Tables& tables() const noexcept { return tables_; }
  bool in_child() const noexcept { return fork_guard_.in_child(); }

  // Returns `visit(txn)`, a Status, called within a read transaction. Waits at
  // most `busy_timeout` for a transaction.
  template <class Visit>
  Status Read(std::chrono::milliseconds busy_timeout, const Visit& visit) {
    MDB_txn* txn = nullptr;
    const int rc = readers_->Acquire(busy_timeout, txn);
    if (rc != 0) {
      Status status = RetryRead(rc, busy_timeout, txn);
      if (!status.ok()) return status;
    }
    const ReleaseReader release{*readers_, txn};
    return visit(txn);
  }

  // The writer lock. Every write transaction holds it.
  internal::WriterLane& lane() noexcept APPCACHE_RETURN_CAPABILITY(lane_) {
    return lane_;
  }

  // kUnavailable when the file was removed: what is written to it is lost. A
  // directory that was renamed is still this one.
  Status CheckNotRemoved() const;

  // --- Results are LMDB's codes.

  // Begins a write transaction. MDB_READERS_FULL when the map must be remapped
  // and a read of this process prevents that for `busy_timeout`.
  int Begin(std::chrono::milliseconds busy_timeout, MDB_txn*& txn)
      APPCACHE_REQUIRES(lane_);

  // Commits a transaction that changes nothing, because LMDB reuses a page no
  // earlier than two transactions after it was freed.
  int CommitNothing(std::chrono::milliseconds busy_timeout)
      APPCACHE_REQUIRES(lane_);

  // Frees the reader slots of processes that have ended. Then returns true if a
  // read that began before the last commit still runs, in any process. Until it
  // ends, pages that were freed after it began cannot be reused.
  bool HasOldReader() APPCACHE_REQUIRES(lane_);

 private:
  struct CloseEnv {
    void operator()(MDB_env* env) const noexcept { mdb_env_close(env); }
  };
  struct ReleaseReader {
    ReaderPool& pool;
    MDB_txn* txn;
    ~ReleaseReader() { pool.Release(txn); }
  };

  Environment(std::string directory, uint64_t max_bytes,
              internal::FileLock lock);

  Status OpenFiles();
  // Extends data.mdb to the size of the map.
  Status ExtendFile();
  // Maps the file with its new size. REQUIRES: the caller has no transaction.
  int Remap(std::chrono::milliseconds busy_timeout) APPCACHE_REQUIRES(lane_);
  // Acquires a read transaction after an attempt failed with `rc`. Remaps if
  // the attempt failed because the map has grown.
  Status RetryRead(int rc, std::chrono::milliseconds busy_timeout,
                   MDB_txn*& txn);

  const std::string directory_;
  const uint64_t max_bytes_;
  const internal::ForkGuard fork_guard_;
  internal::WriterLane lane_;
  std::unique_ptr<MDB_env, CloseEnv> env_;
  std::optional<ReaderPool> readers_;
  Tables tables_;
  Limits limits_;
  bool has_map_ APPCACHE_GUARDED_BY(lane_) = true;
};

}  // namespace appcache::lmdb

#endif  // APPCACHE_ADAPTERS_LMDB_ENVIRONMENT_H_
