// What LMDB's results mean to the user of a cache.

#ifndef APPCACHE_ADAPTERS_LMDB_STATUS_H_
#define APPCACHE_ADAPTERS_LMDB_STATUS_H_

#include <string>
#include <string_view>

#include "engine/error.h"

namespace appcache::lmdb {

// That `operation` ("write to") on the cache in `directory` failed with `rc`,
// LMDB's code or an errno. REQUIRES: rc != 0.
Status Failure(int rc, std::string_view operation,
               const std::string& directory);

// Whether it failed because there was no room, in the map or on the disk.
bool IsFull(int rc) noexcept;

}  // namespace appcache::lmdb

#endif  // APPCACHE_ADAPTERS_LMDB_STATUS_H_
