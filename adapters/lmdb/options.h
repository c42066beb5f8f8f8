// Which options an LmdbCache takes, and what it says of itself.

#ifndef APPCACHE_ADAPTERS_LMDB_OPTIONS_H_
#define APPCACHE_ADAPTERS_LMDB_OPTIONS_H_

#include <chrono>

#include "adapters/lmdb/environment.h"
#include "adapters/lmdb/lmdb_cache.h"
#include "engine/error.h"
#include "engine/traits.h"

namespace appcache::lmdb {

// kInvalidArgument, which says what is out of its range.
Status Validate(const LmdbCacheOptions& options);

BackendTraits TraitsOf(const Environment& environment,
                       std::chrono::milliseconds busy_timeout);

}  // namespace appcache::lmdb

#endif  // APPCACHE_ADAPTERS_LMDB_OPTIONS_H_
