// LogKeeper: keeps a file's write-ahead log bounded.
//
// Automatic checkpoints are off; the writer lane calls this instead. After a
// commit a long log is moved into the database as far as readers allow (never
// waiting for them). Before a write, a log that has reached its limit must
// start over first, and if a reader of an old snapshot does not let it, the
// write is kBusy: the alternative is a log that fills the disk.

#ifndef APPCACHE_ENGINE_STORE_CHECKPOINT_H_
#define APPCACHE_ENGINE_STORE_CHECKPOINT_H_

#include <cstdint>

#include "engine/error.h"
#include "engine/store/connection.h"

namespace appcache::store {

// Not thread-safe: belongs to whoever holds the writer lane.
class LogKeeper {
 public:
  // Watches the commits of `connection`, which must outlive this object.
  void Watch(Connection& connection, uint64_t max_log_bytes);

  // Before a write transaction. kBusy when the log is full and a reader keeps
  // it from starting over for as long as the connection's busy timeout.
  Status MakeRoom();

  // After a commit. Failures are left to the next call.
  void AfterCommit() noexcept;

  // Moves everything into the database and empties the log, unless a reader is
  // in the way; then as much as can be.
  Status Finish();

 private:
  static int OnCommit(void* self, sqlite3* db, const char* schema, int pages);
  int Checkpoint(int mode) noexcept;

  Connection* connection_ = nullptr;
  int64_t max_pages_ = 0;
  int64_t page_bytes_ = 4096;
  int64_t log_pages_ = 0;           // after the last commit
  int64_t next_attempt_pages_ = 0;  // the length at which to checkpoint next
};

}  // namespace appcache::store

#endif  // APPCACHE_ENGINE_STORE_CHECKPOINT_H_
