// CacheOptions: what every backend has in common.

#ifndef APPCACHE_ENGINE_CACHE_OPTIONS_H_
#define APPCACHE_ENGINE_CACHE_OPTIONS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "engine/clock.h"
#include "engine/compressor.h"
#include "engine/log.h"

namespace appcache {

struct CacheOptions {
  // The first segment of every key path. Caches that share a server and must
  // not see each other's entries take different prefixes.
  std::string prefix = "pyappcache";

  // Never null.
  std::shared_ptr<const Compressor> compressor = GzipCompressor();

  // A compressed value that would inflate to more is kCorrupt.
  size_t max_inflated_bytes = size_t{256} << 20;

  // Never empty.
  LogSink log = LogToStderr;

  // What the waits and pauses of GetVia are measured with. Null:
  // Clock::Steady().
  std::shared_ptr<const Clock> load_clock = nullptr;

  // The seed of what LoadOptions::ttl_jitter draws. None: random.
  std::optional<uint64_t> load_seed = std::nullopt;
};

}  // namespace appcache

#endif  // APPCACHE_ENGINE_CACHE_OPTIONS_H_
