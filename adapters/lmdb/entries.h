// Entries: what a transaction may do with the tables of a cache.

#ifndef APPCACHE_ADAPTERS_LMDB_ENTRIES_H_
#define APPCACHE_ADAPTERS_LMDB_ENTRIES_H_

#include <lmdb.h>

#include <cstdint>
#include <optional>
#include <string_view>

#include "adapters/lmdb/record.h"
#include "engine/clock.h"

namespace appcache::lmdb {

inline MDB_val ToVal(std::string_view bytes) noexcept {
  return {bytes.size(), const_cast<char*>(bytes.data())};
}
inline std::string_view ToView(const MDB_val& val) noexcept {
  return {static_cast<const char*>(val.mv_data), val.mv_size};
}

// An entry has a row in `entries` and one in `order`, and one in `ends` if it
// ends. Rows of the other two that name no entry of that number, which damage
// may leave behind, are removed when they are met.
//
// `entries` is LMDB's main table, in which it keeps the other two under their
// names: a read of a table with a name looks that up first, a fifth of a get.
// No EntryKey is a name.
struct Tables {
  // What the main table holds beside entries: `order`, `ends` and the schema.
  static constexpr uint64_t kOtherRows = 3;

  MDB_dbi entries = 0;  // EntryKey -> record
  MDB_dbi order = 0;    // number -> EntryKey: the oldest first
  MDB_dbi ends = 0;     // end, number -> nothing: what ends first, first
};

// Within one write transaction. Results are LMDB's codes; after any but 0 the
// transaction is to be aborted.
class Entries {
 public:
  Entries(MDB_txn* txn, const Tables& tables) noexcept
      : txn_(txn), tables_(tables) {}

  // In place of whatever the key held.
  int Put(std::string_view path, std::string_view value,
          std::optional<TimePoint> ends_at);

  // Nothing if the key holds nothing, or the record of another path.
  int Remove(std::string_view path);

  // Whether there is an entry of `path` whose ttl has not ended. A damaged one
  // is none: it may be replaced.
  int IsLive(std::string_view path, TimePoint now, bool& is_live) const;

  // Removes the entry under `key` if its path begins with `prefix`; `removed`
  // counts it.
  int RemoveIfBegins(std::string_view key, std::string_view prefix,
                     uint64_t& removed);

  // Removes the entry that was written first. `row` says whether there was a
  // row of `order`, `removed` counts the entry.
  int RemoveOldest(bool& row, uint64_t& removed);

  // Removes entries whose ttl has ended, at most `max` of them.
  int RemoveEnded(TimePoint now, int max, uint64_t& removed);

  // Removes all entries at once.
  int Clear();

  // Pages that hold entries, their index and the list of free pages. O(1).
  int LivePages(uint64_t& pages) const;
  int Count(uint64_t& entries) const;

 private:
  // The rows that point to a record of `key`.
  int RemoveIndex(std::string_view record);
  // The entry that `order` has under `number`, if it is of that number, with
  // the row itself.
  int RemoveNumbered(std::string_view number, std::string_view key,
                     uint64_t& removed);
  int NextNumber(uint64_t& number) const;

  MDB_txn* const txn_;
  const Tables tables_;
};

}  // namespace appcache::lmdb

#endif  // APPCACHE_ADAPTERS_LMDB_ENTRIES_H_
