// Environment: a directory that this process has open, once.

#ifndef APPCACHE_ADAPTERS_LMDB_ENVIRONMENT_H_
#define APPCACHE_ADAPTERS_LMDB_ENVIRONMENT_H_

#include <lmdb.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "adapters/lmdb/entries.h"
#include "adapters/lmdb/limits.h"
#include "adapters/lmdb/reader_pool.h"
#include "engine/error.h"
#include "engine/fork_guard.h"
#include "engine/lane/file_lock.h"
#include "engine/lane/writer_lane.h"

namespace appcache::lmdb {

// Thread-safe. In a forked child only in_child() may be called, and it must not
// be destroyed.
class Environment {
 public:
  // Makes the cache's files in `directory`, an absolute path whose lock file is
  // `lock`, unless they are there. kUnsupported: they are not a cache's, or a
  // newer one's; kCorrupt; kBusy; kUnavailable; kFull.
  static Result<std::shared_ptr<Environment>> Open(
      const std::string& directory, FileLock lock, uint64_t max_bytes,
      std::chrono::milliseconds busy_timeout);

  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  const std::string& directory() const noexcept { return directory_; }
  uint64_t max_bytes() const noexcept { return max_bytes_; }
  const Limits& limits() const noexcept { return limits_; }
  const Tables& tables() const noexcept { return tables_; }
  bool in_child() const noexcept { return fork_guard_.in_child(); }

  // What `use(txn)` returns, a Status, from within a read transaction. Waits at
  // most `busy_timeout` for one.
  template <class Use>
  Status Read(std::chrono::milliseconds busy_timeout, const Use& use) {
    MDB_txn* txn = nullptr;
    const int rc = readers_->Take(busy_timeout, txn);
    if (rc != 0) {
      Status status = TakeAfter(rc, busy_timeout, txn);
      if (!status.ok()) return status;
    }
    const Reading reading{*readers_, txn};
    return use(txn);
  }

  // Whoever writes is in it.
  WriterLane& lane() noexcept { return lane_; }

  // --- Only in the lane. Results are LMDB's codes.

  // Begins a write transaction, following a map that another process has made
  // larger. MDB_READERS_FULL: a read did not end meanwhile.
  int Begin(std::chrono::milliseconds busy_timeout, MDB_txn*& txn);

  // Commits a transaction that changes nothing: pages become free by those that
  // follow.
  int CommitNothing(std::chrono::milliseconds busy_timeout);

  // Frees the slots of readers whose process is no more. Then: whether a read
  // that began before the last commit still goes on, in any process. What has
  // been freed since is not to be had before it ends.
  bool HasOldReader();

 private:
  struct CloseEnv {
    void operator()(MDB_env* env) const noexcept { mdb_env_close(env); }
  };
  struct Reading {
    ReaderPool& pool;
    MDB_txn* txn;
    ~Reading() { pool.GiveBack(txn); }
  };

  Environment(std::string directory, uint64_t max_bytes, FileLock lock);

  Status OpenFiles();
  // Gives data.mdb the size of the map.
  Status FillFile();
  // REQUIRES: no transaction of this thread's.
  int FollowMap(std::chrono::milliseconds busy_timeout);
  // A read transaction after taking one has failed with `rc`.
  Status TakeAfter(int rc, std::chrono::milliseconds busy_timeout,
                   MDB_txn*& txn);

  const std::string directory_;
  const uint64_t max_bytes_;
  const ForkGuard fork_guard_;
  WriterLane lane_;
  std::unique_ptr<MDB_env, CloseEnv> env_;
  std::optional<ReaderPool> readers_;
  Tables tables_;
  Limits limits_;
  bool has_map_ = true;  // guarded by the lane
};

}  // namespace appcache::lmdb

#endif  // APPCACHE_ADAPTERS_LMDB_ENVIRONMENT_H_
