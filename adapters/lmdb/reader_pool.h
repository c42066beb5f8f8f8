// ReaderPool: the read transactions of one environment, a bounded number.
//
// Each has a slot in LMDB's table of readers as long as it lives, so threads
// that come and go take none. Between reads it is reset, and pins no pages.

#ifndef APPCACHE_ADAPTERS_LMDB_READER_POOL_H_
#define APPCACHE_ADAPTERS_LMDB_READER_POOL_H_

#include <lmdb.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <vector>

namespace appcache::lmdb {

// Thread-safe.
class ReaderPool {
 public:
  // How many reads one process does at a time; and how many transactions of all
  // processes LMDB's table holds, which takes 64 bytes for each.
  static constexpr size_t kMaxReaders = 64;
  static constexpr unsigned kMaxSlots = 2048;

  explicit ReaderPool(MDB_env* env);
  // REQUIRES: none is taken.
  ~ReaderPool();
  ReaderPool(const ReaderPool&) = delete;
  ReaderPool& operator=(const ReaderPool&) = delete;

  // A transaction that has just begun; give it back. LMDB's code:
  // MDB_READERS_FULL when all stay in use for `max_wait`, or other processes
  // have the whole table; MDB_MAP_RESIZED; MDB_PANIC after Close.
  int Take(std::chrono::milliseconds max_wait, MDB_txn*& txn);
  // Ends the read.
  void GiveBack(MDB_txn* txn) noexcept;

  // Lets no read begin, and waits until none goes on. False, and reads may
  // begin, when one still does after `max_wait`.
  bool Pause(std::chrono::milliseconds max_wait);
  void Resume();
  // For good. REQUIRES: paused.
  void Close();

 private:
  // Not a transaction: hot_ is not to be used.
  static MDB_txn* Shut() noexcept;

  // One from hot_; null if there is none.
  MDB_txn* TakeHot() noexcept;
  // One from idle_; null, and success, when one is to be made.
  int TakeIdle(std::chrono::milliseconds max_wait, MDB_txn*& txn);
  // REQUIRES: mutex_ is held. As long as someone waits, all come back to idle_.
  void ShutHot() noexcept;
  void OpenHot() noexcept;

  int Begin(MDB_txn*& txn) const;
  // Of one that is not in idle_ any more.
  void Forget() noexcept;

  MDB_env* const env_;

  // The one that came back last, so that a thread that reads alone needs no
  // mutex. Null: none.
  std::atomic<MDB_txn*> hot_{nullptr};

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<MDB_txn*> idle_;  // reset; guarded by mutex_, as is the rest
  size_t open_ = 0;             // hot, idle or taken
  int waiting_ = 0;             // threads for which hot_ is shut
  bool paused_ = false;
  bool closed_ = false;
};

}  // namespace appcache::lmdb

#endif  // APPCACHE_ADAPTERS_LMDB_READER_POOL_H_
