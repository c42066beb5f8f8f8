// ReaderPool: the read transactions of one environment, a bounded number.
//
// A transaction occupies a slot in LMDB's table of readers for as long as it
// exists. They are shared by all threads, so a thread that starts or ends
// changes no slots. Between reads a transaction is reset, and prevents the
// reuse of no pages.

#ifndef APPCACHE_ADAPTERS_LMDB_READER_POOL_H_
#define APPCACHE_ADAPTERS_LMDB_READER_POOL_H_

#include <lmdb.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <vector>

#include "engine/support/mutex.h"

namespace appcache::lmdb {

// Thread-safe.
class ReaderPool {
 public:
  // The most reads of one process at a time.
  static constexpr size_t kMaxReaders = 64;
  // The most transactions of all processes: the size of LMDB's table of
  // readers, which has 64 bytes for each.
  static constexpr unsigned kMaxSlots = 2048;

  explicit ReaderPool(MDB_env* env);
  // REQUIRES: every acquired transaction was released.
  ~ReaderPool();
  ReaderPool(const ReaderPool&) = delete;
  ReaderPool& operator=(const ReaderPool&) = delete;

  // Sets `txn` to a transaction that has just begun; release it. Returns LMDB's
  // code: MDB_READERS_FULL when all transactions stay in use for `max_wait`, or
  // other processes occupy the whole table; MDB_MAP_RESIZED; MDB_PANIC after
  // Close.
  int Acquire(std::chrono::milliseconds max_wait, MDB_txn*& txn);
  // Ends the read. REQUIRES: Acquire returned `txn`.
  void Release(MDB_txn* txn) noexcept APPCACHE_EXCLUDES(mutex_);

  // Lets no read begin, and waits until none runs. Returns false, and lets
  // reads begin again, when one still runs after `max_wait`. REQUIRES: not
  // paused.
  bool Pause(std::chrono::milliseconds max_wait) APPCACHE_EXCLUDES(mutex_);
  // REQUIRES: paused.
  void Resume() APPCACHE_EXCLUDES(mutex_);
  // Makes every later Acquire fail. REQUIRES: paused.
  void Close() APPCACHE_EXCLUDES(mutex_);

 private:
  // The value of fast_slot_ that is no transaction and means: do not use it.
  static MDB_txn* Closed() noexcept;

  // The transaction in fast_slot_; null if there is none.
  MDB_txn* TakeFromFastSlot() noexcept;
  // Waits until a read may begin. Sets `txn` to a transaction of idle_, or
  // leaves it null, with success, when the caller must begin one.
  int TakeIdle(std::chrono::milliseconds max_wait, MDB_txn*& txn)
      APPCACHE_EXCLUDES(mutex_);

  // While fast_slot_ is closed, every release goes to idle_. Calls nest.
  void CloseFastSlot() noexcept APPCACHE_REQUIRES(mutex_);
  void ReopenFastSlot() noexcept APPCACHE_REQUIRES(mutex_);

  int Begin(MDB_txn*& txn) const;
  // Counts a transaction out that is no longer in idle_ and was aborted.
  void Forget() noexcept APPCACHE_EXCLUDES(mutex_);

  MDB_env* const env_;

  // The transaction that was released last, or null. It lets a thread that
  // reads alone avoid the mutex.
  std::atomic<MDB_txn*> fast_slot_{nullptr};

  internal::Mutex mutex_;
  std::condition_variable changed_;
  // These are reset.
  std::vector<MDB_txn*> idle_ APPCACHE_GUARDED_BY(mutex_);
  // In fast_slot_, idle or acquired.
  size_t open_ APPCACHE_GUARDED_BY(mutex_) = 0;
  // Calls of CloseFastSlot without a reopening.
  int fast_slot_closers_ APPCACHE_GUARDED_BY(mutex_) = 0;
  bool paused_ APPCACHE_GUARDED_BY(mutex_) = false;
  bool closed_ APPCACHE_GUARDED_BY(mutex_) = false;
};

}  // namespace appcache::lmdb

#endif  // APPCACHE_ADAPTERS_LMDB_READER_POOL_H_
