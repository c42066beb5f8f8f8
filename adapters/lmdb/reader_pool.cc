#include "adapters/lmdb/reader_pool.h"

namespace appcache::lmdb {

ReaderPool::ReaderPool(MDB_env* env) : env_(env) {
  // A transaction always finds its place when it comes back.
  idle_.reserve(kMaxReaders);
}

ReaderPool::~ReaderPool() {
  if (MDB_txn* const txn = TakeHot()) mdb_txn_abort(txn);
  for (MDB_txn* const txn : idle_) mdb_txn_abort(txn);
}

MDB_txn* ReaderPool::Shut() noexcept {
  static char shut;
  return reinterpret_cast<MDB_txn*>(&shut);
}

MDB_txn* ReaderPool::TakeHot() noexcept {
  MDB_txn* txn = hot_.load(std::memory_order_relaxed);
  if (txn == nullptr || txn == Shut()) return nullptr;
  return hot_.compare_exchange_strong(txn, nullptr, std::memory_order_acquire,
                                      std::memory_order_relaxed)
             ? txn
             : nullptr;
}

void ReaderPool::ShutHot() noexcept {
  if (++waiting_ > 1) return;
  MDB_txn* const txn = hot_.exchange(Shut(), std::memory_order_acquire);
  if (txn != nullptr) idle_.push_back(txn);
}

void ReaderPool::OpenHot() noexcept {
  if (--waiting_ == 0) hot_.store(nullptr, std::memory_order_release);
}

int ReaderPool::Begin(MDB_txn*& txn) const {
  int rc = mdb_txn_begin(env_, nullptr, MDB_RDONLY, &txn);
  if (rc != MDB_READERS_FULL) return rc;
  // Processes that were killed have left theirs.
  int dead = 0;
  rc = mdb_reader_check(env_, &dead);
  return rc == 0 ? mdb_txn_begin(env_, nullptr, MDB_RDONLY, &txn) : rc;
}

void ReaderPool::Forget() noexcept {
  {
    std::lock_guard<std::mutex> guard(mutex_);
    --open_;
  }
  changed_.notify_all();
}

int ReaderPool::TakeIdle(std::chrono::milliseconds max_wait, MDB_txn*& txn) {
  std::unique_lock<std::mutex> lock(mutex_);
  const auto may_begin = [this] {
    return closed_ || (!paused_ && (!idle_.empty() || open_ < kMaxReaders));
  };
  if (!may_begin()) {
    ShutHot();
    const bool may = changed_.wait_for(lock, max_wait, may_begin);
    OpenHot();
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

int ReaderPool::Take(std::chrono::milliseconds max_wait, MDB_txn*& txn) {
  txn = TakeHot();
  int rc = txn == nullptr ? TakeIdle(max_wait, txn) : 0;
  if (rc != 0) return rc;
  rc = txn == nullptr ? Begin(txn) : mdb_txn_renew(txn);
  if (rc == 0) return 0;
  if (txn != nullptr) {
    mdb_txn_abort(txn);
    // Its slot was taken from it.
    if (rc == MDB_BAD_RSLOT) rc = Begin(txn);
  }
  if (rc != 0) Forget();
  return rc;
}

void ReaderPool::GiveBack(MDB_txn* txn) noexcept {
  mdb_txn_reset(txn);
  MDB_txn* none = nullptr;
  if (hot_.compare_exchange_strong(none, txn, std::memory_order_release,
                                   std::memory_order_relaxed)) {
    return;
  }
  bool awaited = false;
  {
    std::lock_guard<std::mutex> guard(mutex_);
    idle_.push_back(txn);
    awaited = waiting_ > 0;
  }
  if (awaited) changed_.notify_all();
}

bool ReaderPool::Pause(std::chrono::milliseconds max_wait) {
  std::unique_lock<std::mutex> lock(mutex_);
  paused_ = true;
  ShutHot();
  const bool alone = changed_.wait_for(
      lock, max_wait, [this] { return idle_.size() == open_; });
  if (!alone) {
    OpenHot();
    paused_ = false;
    changed_.notify_all();
  }
  return alone;
}

void ReaderPool::Resume() {
  {
    std::lock_guard<std::mutex> guard(mutex_);
    OpenHot();
    paused_ = false;
  }
  changed_.notify_all();
}

void ReaderPool::Close() {
  {
    std::lock_guard<std::mutex> guard(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
}

}  // namespace appcache::lmdb
