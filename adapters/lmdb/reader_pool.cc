#include "adapters/lmdb/reader_pool.h"

#include <cassert>

namespace appcache::lmdb {

ReaderPool::ReaderPool(MDB_env* env) : env_(env) {
  // Release must not allocate.
  idle_.reserve(kMaxReaders);
}

ReaderPool::~ReaderPool() {
  if (MDB_txn* const txn = TakeFromFastSlot()) idle_.push_back(txn);
  assert(idle_.size() == open_);
  for (MDB_txn* const txn : idle_) mdb_txn_abort(txn);
}

MDB_txn* ReaderPool::Closed() noexcept {
  static char closed;
  return reinterpret_cast<MDB_txn*>(&closed);
}

MDB_txn* ReaderPool::TakeFromFastSlot() noexcept {
  MDB_txn* txn = fast_slot_.load(std::memory_order_relaxed);
  if (txn == nullptr || txn == Closed()) return nullptr;
  return fast_slot_.compare_exchange_strong(
             txn, nullptr, std::memory_order_acquire, std::memory_order_relaxed)
             ? txn
             : nullptr;
}

void ReaderPool::CloseFastSlot() noexcept {
  if (++fast_slot_closers_ > 1) return;
  MDB_txn* const txn = fast_slot_.exchange(Closed(), std::memory_order_acquire);
  if (txn != nullptr) idle_.push_back(txn);
}

void ReaderPool::ReopenFastSlot() noexcept {
  assert(fast_slot_closers_ > 0);
  if (--fast_slot_closers_ == 0) {
    fast_slot_.store(nullptr, std::memory_order_release);
  }
}

int ReaderPool::Begin(MDB_txn*& txn) const {
  int rc = mdb_txn_begin(env_, nullptr, MDB_RDONLY, &txn);
  if (rc != MDB_READERS_FULL) return rc;
  // Free the slots of processes that were killed.
  int dead = 0;
  rc = mdb_reader_check(env_, &dead);
  return rc == 0 ? mdb_txn_begin(env_, nullptr, MDB_RDONLY, &txn) : rc;
}

void ReaderPool::Forget() noexcept {
  {
    internal::MutexLock guard(mutex_);
    --open_;
  }
  changed_.notify_all();
}

int ReaderPool::TakeIdle(std::chrono::milliseconds max_wait, MDB_txn*& txn) {
  internal::UniqueMutexLock lock(mutex_);
  const auto may_begin = [this] {
    mutex_.AssertHeld();
    return closed_ || (!paused_ && (!idle_.empty() || open_ < kMaxReaders));
  };
  if (!may_begin()) {
    CloseFastSlot();
    const bool may = changed_.wait_for(lock.native(), max_wait, may_begin);
    ReopenFastSlot();
    if (!may) return MDB_READERS_FULL;
  }
  if (closed_) return MDB_PANIC;
  if (idle_.empty()) {
    ++open_;
  } else {
    txn = idle_.back();
    idle_.pop_back();
  }
  return 0;
}

int ReaderPool::Acquire(std::chrono::milliseconds max_wait, MDB_txn*& txn) {
  txn = TakeFromFastSlot();
  int rc = txn == nullptr ? TakeIdle(max_wait, txn) : 0;
  if (rc != 0) return rc;
  rc = txn == nullptr ? Begin(txn) : mdb_txn_renew(txn);
  if (rc == 0) return 0;
  if (txn != nullptr) {
    mdb_txn_abort(txn);
    // LMDB has taken the transaction's slot away: begin another one.
    if (rc == MDB_BAD_RSLOT) rc = Begin(txn);
  }
  if (rc != 0) Forget();
  return rc;
}

void ReaderPool::Release(MDB_txn* txn) noexcept {
  assert(txn != nullptr);
  mdb_txn_reset(txn);
  MDB_txn* none = nullptr;
  if (fast_slot_.compare_exchange_strong(none, txn, std::memory_order_release,
                                         std::memory_order_relaxed)) {
    return;
  }
  bool awaited = false;
  {
    internal::MutexLock guard(mutex_);
    idle_.push_back(txn);
    awaited = fast_slot_closers_ > 0;
  }
  if (awaited) changed_.notify_all();
}

bool ReaderPool::Pause(std::chrono::milliseconds max_wait) {
  internal::UniqueMutexLock lock(mutex_);
  assert(!paused_);
  paused_ = true;
  CloseFastSlot();
  const bool alone = changed_.wait_for(
      lock.native(), max_wait,
      [this]() APPCACHE_REQUIRES(mutex_) { return idle_.size() == open_; });
  if (!alone) {
    ReopenFastSlot();
    paused_ = false;
    changed_.notify_all();
  }
  return alone;
}

void ReaderPool::Resume() {
  {
    internal::MutexLock guard(mutex_);
    assert(paused_);
    ReopenFastSlot();
    paused_ = false;
  }
  changed_.notify_all();
}

void ReaderPool::Close() {
  {
    internal::MutexLock guard(mutex_);
    assert(paused_);
    closed_ = true;
  }
  changed_.notify_all();
}

}  // namespace appcache::lmdb
