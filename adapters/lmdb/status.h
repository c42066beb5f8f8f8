// Translates LMDB's error codes into Status.

#ifndef APPCACHE_ADAPTERS_LMDB_STATUS_H_
#define APPCACHE_ADAPTERS_LMDB_STATUS_H_

#include <string>
#include <string_view>

#include "appcache/error.h"

namespace appcache::lmdb {

// The failure of `operation` ("write to") on the cache in `directory` with
// `rc`, LMDB's code or an errno. REQUIRES: rc != 0.
Status Failure(int rc, std::string_view operation,
               const std::string& directory);

// kUnsupported: the database in `directory` is not appcache's.
Status NotOurs(const std::string& directory);

// True if `rc` means that there is no room in the map or on the disk.
bool IsFull(int rc) noexcept;

}  // namespace appcache::lmdb

#endif  // APPCACHE_ADAPTERS_LMDB_STATUS_H_
