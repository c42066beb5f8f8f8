// CacheOptions: the options of every Cache, whatever its backend.

#ifndef APPCACHE_CACHE_OPTIONS_H_
#define APPCACHE_CACHE_OPTIONS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "appcache/compressor.h"
#include "appcache/export.h"
#include "appcache/lean_std.h"
#include "appcache/log.h"

namespace appcache {

class AccessRecorder;
class Clock;

struct CacheOptions {
  // The first segment of every key path. Caches that share a server and must
  // not see each other's entries take different prefixes. The default is the
  // one of the Python library.
  std::string prefix = "pyappcache";

  // Compresses and decompresses values (compressor.h). Must not be null.
  std::shared_ptr<const Compressor> compressor = GzipCompressor();

  // A compressed value that would inflate to more bytes is kCorrupt.
  size_t max_inflated_bytes = size_t{256} << 20;

  // Receives warnings and errors that no caller sees (log.h). Must not be
  // empty.
  LogSink log = LogToStderr;

  // Measures the waits and pauses of GetVia. Null: Clock::Steady().
  std::shared_ptr<const Clock> load_clock = nullptr;

  // Lets `appcache record` record the accesses of this cache, and `appcache
  // stats` print its statistics (access_recorder.h). Several caches may have
  // the same one: a trace does not say which of them an access was to;
  // statistics are those of each, under its location and prefix. Null: neither
  // is possible.
  //
  // Recorded are the gets, sets and invalidations of single keys and of
  // batches, those of GetVia and those of namespace keys included, whether or
  // not they succeed. Ttl queries, prefixes and Clear are not.
  std::shared_ptr<AccessRecorder> recorder = nullptr;

  // Seeds the random numbers of LoadOptions::ttl_jitter. None: random.
  std::optional<uint64_t> load_seed = std::nullopt;
};

// kInvalidArgument when the compressor is null or the log sink is empty. Every
// backend's Open checks this.
APPCACHE_EXPORT Status Validate(const CacheOptions& options);

}  // namespace appcache

#endif  // APPCACHE_CACHE_OPTIONS_H_
