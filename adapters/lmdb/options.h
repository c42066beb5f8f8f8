// The check of LmdbCacheOptions, and the traits of an LMDB backend.

#ifndef APPCACHE_ADAPTERS_LMDB_OPTIONS_H_
#define APPCACHE_ADAPTERS_LMDB_OPTIONS_H_

#include <chrono>

#include "adapters/lmdb/environment.h"
#include "appcache/error.h"
#include "appcache/lmdb_cache_options.h"
#include "appcache/traits.h"

namespace appcache::lmdb {

// kInvalidArgument, with the option that is out of range.
Status Validate(const LmdbCacheOptions& options);

BackendTraits TraitsOf(const Environment& environment,
                       std::chrono::milliseconds busy_timeout);

}  // namespace appcache::lmdb

#endif  // APPCACHE_ADAPTERS_LMDB_OPTIONS_H_
