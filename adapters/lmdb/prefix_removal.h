// Removes the entries whose path starts with a prefix.

#ifndef APPCACHE_ADAPTERS_LMDB_PREFIX_REMOVAL_H_
#define APPCACHE_ADAPTERS_LMDB_PREFIX_REMOVAL_H_

#include <cstdint>
#include <string_view>

#include "adapters/lmdb/writer.h"
#include "appcache/error.h"

namespace appcache::lmdb {

// Removes every entry whose path starts with `prefix` and that exists during
// the whole call; all entries if `prefix` is empty. Adds the number of entries
// removed to `removed`, also on failure; then some may remain. Finds them in
// short read transactions, for which no writer waits, and removes them in write
// transactions of the size of a batch. Errors as for Writer::Apply. Throws
// std::bad_alloc.
Status RemovePrefix(Writer& writer, std::string_view prefix, uint64_t& removed);

}  // namespace appcache::lmdb

#endif  // APPCACHE_ADAPTERS_LMDB_PREFIX_REMOVAL_H_
