// Checkpointer: bounds the write-ahead log.
//
// SQLite's automatic checkpoints are off; the holder of the writer lock calls
// this instead. After a commit, a long log is checkpointed as far as readers
// allow, without waiting for them. Before a write, a log that has reached its
// limit must restart first; when a reader of an old snapshot prevents that, the
// write is kBusy. The alternative is a log that fills the disk.

#ifndef APPCACHE_ENGINE_STORE_CHECKPOINT_H_
#define APPCACHE_ENGINE_STORE_CHECKPOINT_H_

#include <atomic>
#include <chrono>
#include <cstdint>

#include "appcache/error.h"
#include "engine/store/connection.h"

namespace appcache::store {

// Not thread-safe, except for Allowance: belongs to the holder of the writer
// lock.
class Checkpointer {
 public:
  // 4 MB of 4 KiB pages, SQLite's default: a longer log slows reads down, and a
  // checkpoint costs a sync.
  static constexpr int64_t kDefaultPages = 1000;

  // Watches the commits of `connection`, which must outlive this object.
  // Checkpoints a log of `checkpoint_pages` or more.
  void Watch(Connection& connection, uint64_t max_log_bytes,
             int64_t checkpoint_pages);

  // Call before a write transaction. kBusy when the log is full and a reader
  // prevents its restart for as long as the connection's busy timeout.
  Status MakeRoom();

  // During its lifetime the log may exceed its limit by `pages`: for a
  // snapshot, whose reader keeps the log from restarting. Any thread may create
  // one.
  class Allowance {
   public:
    Allowance(Checkpointer& checkpointer, int64_t pages) noexcept
        : checkpointer_(checkpointer), pages_(pages) {
      checkpointer_.allowed_pages_.fetch_add(pages_, std::memory_order_relaxed);
    }
    ~Allowance() {
      checkpointer_.allowed_pages_.fetch_sub(pages_, std::memory_order_relaxed);
    }
    Allowance(const Allowance&) = delete;
    Allowance& operator=(const Allowance&) = delete;

   private:
    Checkpointer& checkpointer_;
    const int64_t pages_;
  };

  // Call after a commit. A failure is retried by the next call.
  void AfterCommit() noexcept;

  // Checkpoints the whole log, so that the next write starts it over, and needs
  // no more disk space until the log is as long as before. Does not wait for
  // readers, which may prevent it.
  void Restart() noexcept;

  // Checkpoints the whole log and truncates it; as much of it as readers allow.
  Status Finish();

 private:
  static int OnCommit(void* self, sqlite3* db, const char* schema, int pages);
  int Checkpoint(int mode) noexcept;
  // Attempts a restart until the result is not SQLITE_BUSY, or the time is up.
  // Returns the result.
  int RestartWithin(std::chrono::milliseconds time) noexcept;

  Connection* connection_ = nullptr;
  int64_t checkpoint_pages_ = kDefaultPages;
  int64_t max_pages_ = 0;
  std::atomic<int64_t> allowed_pages_{0};  // beyond max_pages_
  int64_t page_bytes_ = 4096;
  int64_t log_pages_ = 0;           // after the last commit
  int64_t next_attempt_pages_ = 0;  // the length at which to checkpoint next
};

}  // namespace appcache::store

#endif  // APPCACHE_ENGINE_STORE_CHECKPOINT_H_
