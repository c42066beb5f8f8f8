#include "adapters/lmdb/options.h"

#include <unistd.h>

#include <algorithm>
#include <string>

#include "adapters/lmdb/limits.h"
#include "appcache/cache_options.h"
#include "engine/support/option_check.h"

namespace appcache::lmdb {

using std::chrono::milliseconds;

Status Validate(const LmdbCacheOptions& options) {
  Status status = appcache::Validate(options.cache);
  if (!status.ok()) return status;
  const uint64_t least = std::max(
      LmdbCacheOptions::kMinBytes,
      Limits::kMinPages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE)));
  status = internal::CheckSize("max_bytes", options.max_bytes, least,
                               LmdbCacheOptions::kMaxBytes);
  if (!status.ok()) return status;
  return internal::CheckDuration("busy_timeout", options.busy_timeout,
                                 milliseconds(0), std::chrono::hours(24));
}

BackendTraits TraitsOf(const Environment& environment,
                       milliseconds busy_timeout) {
  BackendTraits traits;
  traits.name = "lmdb";
  traits.location = environment.directory();
  traits.cleared = "every entry in " + environment.directory() +
                   ", whatever its prefix, for all processes";
  traits.supports_ttl_query = true;
  traits.supports_add = true;
  traits.supports_prefix_invalidation = true;
  traits.supports_walk = true;
  traits.max_key_bytes = environment.limits().max_path_bytes;
  traits.max_value_bytes = environment.limits().max_value_bytes;
  traits.is_shared = true;
  traits.is_persistent = true;
  traits.limits = {
      {"max_bytes", std::to_string(environment.max_bytes())},
      {"eviction", "oldest written first"},
      {"readers", std::to_string(ReaderPool::kMaxReaders)},
      {"busy_timeout", std::to_string(busy_timeout.count()) + " ms"}};
  return traits;
}

}  // namespace appcache::lmdb
