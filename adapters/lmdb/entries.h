// Entries: the operations of a transaction on the tables of a cache.

#ifndef APPCACHE_ADAPTERS_LMDB_ENTRIES_H_
#define APPCACHE_ADAPTERS_LMDB_ENTRIES_H_

#include <lmdb.h>

#include <cstdint>
#include <optional>
#include <string_view>

#include "adapters/lmdb/record.h"
#include "appcache/times.h"

namespace appcache::lmdb {

inline MDB_val ToVal(std::string_view bytes) noexcept {
  return {bytes.size(), const_cast<char*>(bytes.data())};
}
inline std::string_view ToView(const MDB_val& val) noexcept {
  return {static_cast<const char*>(val.mv_data), val.mv_size};
}

// An entry has one row in `entries`, one in `order` and, if it expires, one in
// `expiries`. Damage may leave rows in the latter two that name no entry of
// their sequence number; they are removed when they are found.
//
// `entries` is LMDB's main table, where LMDB also stores the names of the other
// two. A read of a table with a name looks up the name first, which takes a
// fifth of the time of a get. No EntryKey equals a name.
struct Tables {
  // The rows of the main table that are not entries: the names "order" and
  // "ends", and the schema.
  static constexpr uint64_t kOtherRows = 3;

  MDB_dbi entries = 0;   // EntryKey -> record
  MDB_dbi order = 0;     // "order": sequence number -> EntryKey
  MDB_dbi expiries = 0;  // "ends": expiry time, sequence number -> nothing
};

// Works within one write transaction; the const functions also within a read
// transaction. Results are LMDB's codes. After any but 0, abort the
// transaction.
class Entries {
 public:
  Entries(MDB_txn* txn, const Tables& tables) noexcept
      : txn_(txn), tables_(tables) {}

  // Stores the entry in place of any other under its key.
  int Put(std::string_view path, std::string_view value,
          std::optional<TimePoint> expires_at);

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
};

}  // namespace appcache::lmdb

#endif  // APPCACHE_ADAPTERS_LMDB_ENTRIES_H_
