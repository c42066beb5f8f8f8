// Writer: applies WriteBatches, each in one transaction.
//
// Restrictions: has no policy. WriteHooks, which the layer above implements,
// gives ticks and chooses victims.

#ifndef APPCACHE_ENGINE_STORE_WRITER_H_
#define APPCACHE_ENGINE_STORE_WRITER_H_

#include <cstdint>
#include <optional>

#include "appcache/error.h"
#include "engine/policy/eviction.h"
#include "engine/store/connection.h"
#include "engine/store/file_space.h"
#include "engine/store/rows.h"
#include "engine/store/statement.h"
#include "engine/store/write_batch.h"

namespace appcache::store {

// What Apply asks of the layer above, within the transaction.
class WriteHooks {
 public:
  // Somebody else may have written since our last transaction: `newest` is the
  // largest last_used in the tables. Ticks must be larger.
  virtual Status OnForeignWrites(int64_t newest) = 0;

  // The last_used of a row with kNextTick.
  virtual int64_t NextTick() noexcept = 0;

  // Called after the changes: removes what has to leave the cache, and adds it
  // to `evicted`.
  virtual Status Evict(policy::EvictionTarget& target,
                       policy::Evicted& evicted) = 0;

 protected:
  ~WriteHooks() = default;
};

// Not thread-safe: belongs to the holder of the writer lock.
class Writer {
 public:
  // A transaction; rolled back when it is destroyed without a Commit. Apply
  // uses one. Alone it serves a check, which reads and repairs in one.
  class Transaction {
   public:
    explicit Transaction(Writer& writer) noexcept : writer_(writer) {}
    ~Transaction() { End(); }
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;

    Status Begin();
    // For reading a consistent state; never committed.
    Status BeginToRead();
    // Applies the batch without hooks. REQUIRES: Begin succeeded, and no row of
    // the batch needs a tick.
    Status Apply(const WriteBatch& batch);
    Status Commit();

   private:
    friend class Writer;
    Status BeginWith(Statement& begin);
    void End() noexcept;

    Writer& writer_;
    bool has_mutex_ = false;  // of the connection, if it has one
    bool has_begun_ = false;
  };

  // `connection` must outlive this object.
  Status Prepare(Connection& connection);
  bool is_prepared() const noexcept { return connection_ != nullptr; }

  // Applies the batch and the hooks' evictions in one transaction. On failure
  // nothing has changed, and `result` means nothing. REQUIRES: is_prepared().
  Status Apply(const WriteBatch& batch, WriteHooks& hooks, WriteResult& result);

  // Within a transaction, and after one: what the tables hold.
  const policy::Counts& counts() const noexcept { return rows_.counts(); }

  // Within a transaction: replaces counts that a check has found wrong.
  void SetCounts(const policy::Counts& counts) noexcept {
    rows_.SetCounts(counts);
  }

  // The last access that SQLite has; 0 when there is none.
  Result<int64_t> NewestAccess() { return rows_.NewestAccess(); }

  // From now on, commits first allocate disk space (see FileSpace). REQUIRES:
  // Prepare has succeeded.
  Status CoverPages() { return space_.Watch(*connection_); }

  // The expiry time of the entry that expires first, in milliseconds; none when
  // no entry has a ttl. Needs no transaction.
  Result<std::optional<int64_t>> FirstExpiry();

 private:
  using Change = WriteBatch::Change;

  Status Begin(Statement& begin);
  Status Commit();
  void Rollback() noexcept;
  Status ReadCounts();
  std::optional<unsigned> DataVersion() const noexcept;
  Status Execute(Statement& statement);

  // Makes the next commit return the space of removed rows. A borrowed
  // database's space is its owner's matter.
  Status ReturnSpaceAtCommit();
  // Ends that. Without memory it fails, and the next Apply retries.
  void KeepSpaceAtCommit() noexcept;

  Status ApplyInTransaction(const WriteBatch& batch, WriteHooks& hooks,
                            WriteResult& result);
  // Applies a batch. `hooks` may be null when no row needs a tick.
  Status ApplyChanges(const WriteBatch& batch, WriteHooks* hooks,
                      WriteResult& result);
  Status ApplyChange(const Change& change, WriteHooks* hooks,
                     WriteResult& result);
  // The row with the next tick, if it is to have that.
  static Row WithTick(Row row, WriteHooks* hooks);
  Status Removed(const Result<bool>& removed, int64_t h, WriteResult& result);

  Connection* connection_ = nullptr;
  Rows rows_;

  // Counts are written at commit if they have changed.
  policy::Counts counts_at_begin_;
  // SQLite's data version after our last commit: while it is unchanged, nobody
  // else has written, and the counts need not be read again. None when unknown.
  std::optional<unsigned> version_of_counts_;
  bool others_have_written_ = false;
  // The transaction is inside one of a borrowed connection's owner.
  bool is_nested_ = false;
  bool returns_space_at_commit_ = false;

  // All are prepared in advance: a rollback must succeed without memory.
  Statement begin_, begin_to_read_, commit_, rollback_, savepoint_, release_,
      rollback_to_;
  Statement read_meta_, write_counts_;
  FileSpace space_;
};

}  // namespace appcache::store

#endif  // APPCACHE_ENGINE_STORE_WRITER_H_
