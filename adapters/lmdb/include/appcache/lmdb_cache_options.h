// LmdbCacheOptions: the options of LmdbCache.

#ifndef APPCACHE_LMDB_CACHE_OPTIONS_H_
#define APPCACHE_LMDB_CACHE_OPTIONS_H_

#include <chrono>
#include <cstdint>
#include <memory>

#include "appcache/cache_options.h"

namespace appcache {

class Clock;

struct LmdbCacheOptions {
  // The range of max_bytes.
  static constexpr uint64_t kMinBytes = uint64_t{1} << 20;
  static constexpr uint64_t kMaxBytes = uint64_t{1} << 44;

  // Prefix, compressor, log: see cache_options.h.
  CacheOptions cache = {};

  // The most that the file occupies on disk. From kMinBytes (or 256 pages,
  // where a page has more than 4 KiB) to kMaxBytes. All LmdbCaches of one
  // directory in one process must agree.
  uint64_t max_bytes = uint64_t{1} << 30;

  // How long an operation waits for others (a writer in this or another
  // process, a reader that prevents the reuse of free pages) before it is
  // kBusy. From 0 ms to a day.
  std::chrono::milliseconds busy_timeout{2000};

  // Decides when entries expire. Null: Clock::Wall().
  std::shared_ptr<const Clock> clock = nullptr;
};

}  // namespace appcache

#endif  // APPCACHE_LMDB_CACHE_OPTIONS_H_
