// Entries: the operations of a transaction on the tables of a cache.

#ifndef APPCACHE_ADAPTERS_LMDB_ENTRIES_H_
#define APPCACHE_ADAPTERS_LMDB_ENTRIES_H_

#include <lmdb.h>

#include <cstdint>
#include <optional>
#include <string_view>

#include "adapters/lmdb/record.h"
#include "adapters/lmdb/tables.h"
#include "appcache/times.h"

namespace appcache::lmdb {

// Works within one write transaction; the const functions also within a read
// transaction. Results are LMDB's codes. After any but 0, abort the
// transaction.
class Entries {
 public:
  // A new record gets a sequence number of at least `first_sequence`.
  Entries(MDB_txn* txn, const Tables& tables,
          uint64_t first_sequence = 1) noexcept
      : txn_(txn), tables_(tables), first_sequence_(first_sequence) {}

  // Stores the entry in place of any other under its key. `written_at` is now.
  int Put(std::string_view path, std::string_view value, TimePoint written_at,
          std::optional<TimePoint> expires_at);

  // Stores the entry of `path` again, with its value and another expiry time.
  // `found` is false, and nothing has changed, if there is none, or one that
  // has expired or is damaged. `record_bytes` is its size. If that is larger
  // than `max_record_bytes`, nothing has changed either.
  int SetExpiry(std::string_view path, TimePoint now,
                std::optional<TimePoint> expires_at, uint64_t max_record_bytes,
                bool& found, uint64_t& record_bytes);

  // Does nothing if the key holds nothing, or the record of another path.
  int Remove(std::string_view path);

  // Whether there is an entry of `path` that has not expired. A damaged record
  // does not count: it may be replaced.
  int IsLive(std::string_view path, TimePoint now, bool& is_live) const;

  // Removes the entry under `key` if its path starts with `prefix`, and then
  // increments `removed`.
  int RemoveIfPathStartsWith(std::string_view key, std::string_view prefix,
                             uint64_t& removed);

  // Removes the entry that was written first, and increments `removed`.
  // `row_found` is false if `order` is empty.
  int RemoveOldest(bool& row_found, uint64_t& removed);

  // Removes at most `max` expired entries, and adds their number to `removed`.
  int RemoveExpired(TimePoint now, int max, uint64_t& removed);

  // Removes all entries.
  int Clear();

  // The pages of entries, their index and the list of free pages. O(1).
  int LivePages(uint64_t& pages) const;
  int Count(uint64_t& entries) const;

 private:
  // Removes the rows of `order` and `expiries` that refer to the record. Does
  // nothing if it is damaged.
  int RemoveIndex(std::string_view record_bytes);
  // Removes the row of `order` that maps `sequence` to `key`, and the entry
  // under `key` if it has that sequence number.
  int RemoveOrdered(std::string_view sequence, std::string_view key,
                    uint64_t& removed);
  int NextSequence(uint64_t& sequence) const;

  MDB_txn* const txn_;
  const Tables tables_;
  const uint64_t first_sequence_;
};

}  // namespace appcache::lmdb

#endif  // APPCACHE_ADAPTERS_LMDB_ENTRIES_H_
