// Transaction: a write transaction that aborts unless it is committed.

#ifndef APPCACHE_ADAPTERS_LMDB_TRANSACTION_H_
#define APPCACHE_ADAPTERS_LMDB_TRANSACTION_H_

#include <lmdb.h>

#include <cerrno>
#include <utility>

namespace appcache::lmdb {

class Transaction {
 public:
  Transaction() noexcept = default;
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction() {
    if (txn_ != nullptr) mdb_txn_abort(txn_);
  }

  MDB_txn* get() const noexcept { return txn_; }

  // Where one is to be begun. REQUIRES: there is none.
  MDB_txn*& out() noexcept { return txn_; }

  // LMDB's code. LMDB says EIO of a write that was cut short, as it is by a
  // disk that has become full: that is ENOSPC here.
  int Commit() {
    errno = 0;
    const int rc = mdb_txn_commit(std::exchange(txn_, nullptr));
    return rc == EIO && errno != EIO ? ENOSPC : rc;
  }

 private:
  MDB_txn* txn_ = nullptr;
};

}  // namespace appcache::lmdb

#endif  // APPCACHE_ADAPTERS_LMDB_TRANSACTION_H_
