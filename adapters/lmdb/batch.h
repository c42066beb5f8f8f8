// Writes of entries, cut into transactions of a bounded size.
//
// A transaction writes at most Limits::max_entries entries, whose records have
// at most Limits::max_record_bytes in total. A larger batch takes several
// transactions: each needs pages for copies of what it changes, and holds the
// writer lock only for as long as it takes.

#ifndef APPCACHE_ADAPTERS_LMDB_BATCH_H_
#define APPCACHE_ADAPTERS_LMDB_BATCH_H_

#include <cstdint>
#include <span>
#include <string_view>

#include "adapters/lmdb/writer.h"
#include "appcache/backend.h"
#include "appcache/error.h"

namespace appcache::lmdb {

// All functions return the errors of Writer::Apply, and throw std::bad_alloc.
// After an error the transactions before it are done. REQUIRES: no path has
// more than Limits::max_path_bytes.

// Stores the entries, and adds the number of those stored to `stored`, also on
// failure. Removes the keys whose values are too large, and returns kTooLarge
// after the others were stored.
Status SetEntries(Writer& writer, std::span<const RawEntry> entries,
                  uint64_t& stored);

// Stores `entry` and returns true if its key has none, or only an expired or
// damaged one; otherwise returns false and evicts nothing. kTooLarge changes
// nothing.
Result<bool> AddEntry(Writer& writer, const RawEntry& entry);

// Gives the entry of `path` another ttl and returns true, or returns false if
// there is none, or only an expired or damaged one. It becomes the entry that
// was written last.
Result<bool> SetTtlOf(Writer& writer, std::string_view path, Ttl ttl);

// Removes the entries of `paths`, and adds the number of paths done to `done`,
// also on failure.
Status RemoveEntries(Writer& writer, std::span<const std::string_view> paths,
                     uint64_t& done);

}  // namespace appcache::lmdb

#endif  // APPCACHE_ADAPTERS_LMDB_BATCH_H_
