#include "adapters/lmdb/options.h"

#include <unistd.h>

#include <algorithm>
#include <string>

#include "adapters/lmdb/limits.h"

namespace appcache::lmdb {

using std::chrono::milliseconds;

static_assert(LmdbCache::kMaxKeyBytes == Limits::kMaxKeyBytes);

Status Validate(const LmdbCacheOptions& options) {
  if (options.cache.compressor == nullptr || options.cache.log == nullptr) {
    return Status(ErrorCode::kInvalidArgument,
                  "the compressor or the log sink is null; leave the default, "
                  "or give one that does nothing");
  }
  const uint64_t least = std::max(
      LmdbCache::kMinBytes,
      Limits::kMinPages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE)));
  if (options.max_bytes < least || options.max_bytes > LmdbCache::kMaxBytes) {
    return Status(ErrorCode::kInvalidArgument,
                  "max_bytes is " + std::to_string(options.max_bytes) +
                      "; it must be from " + std::to_string(least) + " to " +
                      std::to_string(LmdbCache::kMaxBytes));
  }
  if (options.busy_timeout < milliseconds(0) ||
      options.busy_timeout > std::chrono::hours(24)) {
    return Status(ErrorCode::kInvalidArgument,
                  "busy_timeout is " +
                      std::to_string(options.busy_timeout.count()) +
                      " ms; it must be from 0 ms to a day");
  }
  return Status();
}

BackendTraits TraitsOf(const Environment& environment,
                       milliseconds busy_timeout) {
  const uint64_t max_bytes = environment.max_bytes();
  BackendTraits traits;
  traits.name = "lmdb";
  traits.location = environment.directory();
  traits.cleared = "every entry in " + environment.directory() +
                   ", whatever its prefix, for all processes";
  traits.tells_ttl = true;
  traits.adds = true;
  traits.invalidates_prefixes = true;
  traits.max_key_bytes = Limits::MaxPathBytes(max_bytes);
  traits.max_value_bytes = Limits::MaxValueBytes(max_bytes);
  traits.is_shared = true;
  traits.is_persistent = true;
  traits.limits = {
      {"max_bytes", std::to_string(max_bytes)},
      {"eviction", "oldest written first"},
      {"readers", std::to_string(ReaderPool::kMaxReaders)},
      {"busy_timeout", std::to_string(busy_timeout.count()) + " ms"}};
  return traits;
}

}  // namespace appcache::lmdb
