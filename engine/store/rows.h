// Rows: reads and changes single rows of the tables within a write transaction,
// and keeps the counts.
//
// Restrictions: decides nothing. Transactions belong to Writer.

#ifndef APPCACHE_ENGINE_STORE_ROWS_H_
#define APPCACHE_ENGINE_STORE_ROWS_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "appcache/error.h"
#include "engine/policy/eviction_target.h"
#include "engine/store/connection.h"
#include "engine/store/statement.h"
#include "engine/store/write_batch.h"

namespace appcache::store {

// Not thread-safe. After an error the transaction can only be rolled back.
class Rows final : public policy::EvictionTarget {
 public:
  // `connection` must outlive this object.
  Status Prepare(Connection& connection);

  // Inserts the row, or replaces the one with its h.
  Status Put(const Row& row);

  // The expiry time of the entry with this h and key; 0: it never expires.
  // None: there is no such entry, or it is damaged.
  Result<std::optional<int64_t>> ExpiryOf(int64_t h, std::string_view key);

  // Sets the expiry time of the entry with this h and key, and records an
  // access. False: there is none, or it had expired at `now_ms`.
  Result<bool> SetExpiry(const Row& row, int64_t now_ms);

  // True when there was such an entry.
  Result<bool> RemoveKey(int64_t h, std::string_view key);
  Result<bool> RemoveIfStartsWith(int64_t h, std::string_view prefix);

  // Changes nothing if the entry does not exist or was accessed later.
  Status WriteAccess(int64_t h, int64_t tick);
  // Removes both rows of an entry, the only one that there is, or none.
  Status Remove(int64_t h);

  Status Clear();

  // The largest last_used of all; 0 when there is no entry.
  Result<int64_t> NewestAccess();

  // policy::EvictionTarget
  const policy::Counts& counts() const noexcept override { return counts_; }
  void SetCounts(const policy::Counts& counts) noexcept override {
    counts_ = counts;
  }
  Result<std::optional<Candidate>> LeastRecent() override;
  Result<std::optional<Expiring>> FirstToExpire() override;
  Status WriteAccessOf(const Candidate& candidate, int64_t tick) override;
  Status RemoveCandidate(const Candidate& candidate) override;
  Status RemoveExpired(const Expiring& expired) override;

 private:
  // Runs a bound statement that returns no rows.
  Status Finish(Run& run, const char* operation);
  // The size of the entry with this h, if usage has a row for it.
  Result<std::optional<int64_t>> BytesOf(int64_t h);
  Status DeleteUsage(int64_t h, int64_t bytes);
  // Adds to the counts.
  void CountBytes(int64_t difference) noexcept;
  // kCorrupt if the last statement changed no row: an index has led to a row
  // that the table does not have.
  Status CheckChanged() const;

  Connection* connection_ = nullptr;
  policy::Counts counts_;
  Statement get_bytes_, put_entry_, put_usage_, write_access_,
      delete_entry_of_key_, delete_entry_, delete_usage_, oldest_, newest_,
      first_to_expire_, get_, get_expiry_, set_expiry_;
};

}  // namespace appcache::store

#endif  // APPCACHE_ENGINE_STORE_ROWS_H_
