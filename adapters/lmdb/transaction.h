// Transaction: a write transaction that is aborted unless it is committed.

#ifndef APPCACHE_ADAPTERS_LMDB_TRANSACTION_H_
#define APPCACHE_ADAPTERS_LMDB_TRANSACTION_H_

#include <lmdb.h>

#include <cassert>
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

  // Where a function stores the transaction that it begins. REQUIRES: there is
  // none yet.
  MDB_txn*& out() noexcept {
    assert(txn_ == nullptr);
    return txn_;
  }

  // Commits, and returns LMDB's code. LMDB reports EIO for a write that was cut
  // short, which a full disk causes: then the result is ENOSPC. REQUIRES: there
  // is a transaction.
  int Commit() {
    assert(txn_ != nullptr);
    errno = 0;
    const int rc = mdb_txn_commit(std::exchange(txn_, nullptr));
    return rc == EIO && errno != EIO ? ENOSPC : rc;
  }

 private:
  MDB_txn* txn_ = nullptr;
};

}  // namespace appcache::lmdb

#endif  // APPCACHE_ADAPTERS_LMDB_TRANSACTION_H_
