// Writer: the rows of a cache, written in transactions.
//
// Typed steps without policy: what to put, touch or remove is decided above.

#ifndef APPCACHE_ENGINE_STORE_WRITER_H_
#define APPCACHE_ENGINE_STORE_WRITER_H_

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "engine/error.h"
#include "engine/store/connection.h"
#include "engine/store/statement.h"

namespace appcache::store {

// What the tables hold.
struct Counts {
  int64_t entries = 0;
  int64_t bytes = 0;
};

struct Row {
  int64_t h = 0;
  std::string_view key;
  std::string_view value;
  int64_t expires_at_ms = 0;  // 0: never
  int64_t last_used = 0;
};

// Not thread-safe: belongs to whoever holds the writer lane. Everything but
// Begin and QueryCounts is for use between Begin and Commit. After an error the
// transaction can only be rolled back.
class Writer {
 public:
  // A write transaction; rolled back at its end unless committed.
  class Transaction {
   public:
    explicit Transaction(Writer& writer) noexcept : writer_(writer) {}
    ~Transaction() { End(); }
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;

    Status Begin();
    // For a look at one state of it all; never committed. Unlike Begin, keeps
    // no reader of a database in memory waiting.
    Status BeginToRead();
    Status Commit();

   private:
    Status BeginWith(Statement& begin);
    void End() noexcept;

    Writer& writer_;
    bool entered_ = false;  // holds the connection's mutex, if it has one
    bool begun_ = false;
  };

  // `connection` must outlive this object.
  Status Prepare(Connection& connection);

  bool is_prepared() const noexcept { return connection_ != nullptr; }

  const Counts& counts() const noexcept { return counts_; }

  // Whether others may have written since our last commit.
  bool others_have_written() const noexcept { return others_have_written_; }

  // Whether the transaction is inside one of a borrowed connection's owner, who
  // may undo it after its commit.
  bool is_nested() const noexcept { return nested_; }

  // Inserts the row, or replaces the one with its h.
  Status Put(const Row& row);

  // True when there was such an entry.
  Result<bool> RemoveKey(int64_t h, std::string_view key);

  // When the entry of `key`, under h, ends: 0, never. None: there is no such
  // entry.
  Result<std::optional<int64_t>> ExpiryOf(int64_t h, std::string_view key);

  // Removes what is under h if its key begins with `prefix`. True when it did.
  Result<bool> RemoveIfBegins(int64_t h, std::string_view prefix);

  // Removes what there is under h, also one row of the two that should be
  // there.
  Status Remove(int64_t h);

  // Moves the entry's last use forward; nothing if it is gone.
  Status Touch(int64_t h, int64_t last_used);

  Status Clear();

  // Overwrites the counts, as a check may find that it has to.
  void SetCounts(Counts counts) noexcept { counts_ = counts; }

  struct Use {
    int64_t h;
    int64_t last_used;
    int64_t bytes;
  };
  // The entry whose last use is longest ago.
  Result<std::optional<Use>> Oldest();

  // Removes an entry that Oldest has told of in this transaction.
  Status Remove(const Use& use);

  struct Expiry {
    int64_t h;
    int64_t expires_at_ms;
  };
  // The entry whose ttl ends first, if any has one.
  Result<std::optional<Expiry>> FirstToExpire();

  // The last use of all; 0 when there is no entry.
  Result<int64_t> NewestUse();

 private:
  Status Begin(Statement& begin);
  Status Commit();
  void Rollback() noexcept;
  Status Execute(Statement& statement);
  Status ReadCounts();
  std::optional<unsigned> DataVersion() const noexcept;
  // Runs a bound statement that yields no rows.
  Status Finish(Run& run, const char* operation);
  // The size of the entry under h, if usage has a row for it.
  Result<std::optional<int64_t>> BytesOf(int64_t h);
  Status DeleteUsage(int64_t h, int64_t bytes);

  Connection* connection_ = nullptr;

  // Valid inside a transaction; written at its commit if they have changed.
  Counts counts_;
  Counts counts_at_begin_;
  // SQLite's data version after our last commit: while it has not changed,
  // nobody else has written, and the counts need not be read again. None when
  // it is not known.
  std::optional<unsigned> version_of_counts_;
  bool others_have_written_ = false;
  // Inside a transaction of the owner of a borrowed connection.
  bool nested_ = false;

  // Prepared, all of them, while there is memory: a rollback without any must
  // succeed.
  Statement begin_, begin_to_read_, commit_, rollback_, savepoint_, release_,
      rollback_to_;
  Statement read_meta_, write_counts_, get_bytes_, put_entry_, put_usage_,
      touch_, delete_entry_of_key_, delete_entry_, delete_usage_, oldest_,
      newest_, first_to_expire_, get_expiry_;
};

}  // namespace appcache::store

#endif  // APPCACHE_ENGINE_STORE_WRITER_H_
