// Open: opens a cache by a URI, for example from a configuration file.
//
//   auto cache = appcache::Open("redis://cache.example/0?timeout=50ms");
//   if (!cache.ok()) return Fail(cache.status().ToString());
//   auto stored = (*cache)->Set(Key<std::string>("greeting"), "hello");
//   if (!stored.ok()) return Fail(stored.ToString());
//
//   redis://USER:PASSWORD@HOST:PORT/DATABASE     RedisCache; HOST is enough
//   redis+unix://USER:PASSWORD@/PATH?db=DATABASE the same, by a unix socket
//   memcached://HOST:PORT,HOST:PORT              MemcacheCache
//   memcached+unix:///PATH                       the same, by a unix socket
//   lmdb:PATH                                    LmdbCache
//   sqlite:PATH                                  SqliteCache, in a file
//   memory:NAME                                  SqliteCache, in memory
//   tiered:LOCAL|REMOTE|OPTIONS                  TieredCache: two of the above
//
// Options follow a ? and are separated by &:
// sqlite:cache.db?max_entries=1000&max_bytes=64MiB. An option has the name of a
// field of the backend's options (redis_cache_options.h and so on). Every cache
// has the option `prefix` (CacheOptions::prefix). A duration is written as
// 50ms, 10s, 5m, 1h, 7d, 2w, 1h30m, 1.5h, or as a plain number of seconds; a
// size as 64KiB, 8MiB, 1GiB, or as a plain number of bytes.
//
// sqlite:PATH?mode=ro opens a file with SqliteCache::OpenFileToRead; mode=rwc,
// the default, reads, writes and creates it.
//
// The option `weights` of memcached: has one number for each server, in order:
// memcached://a,b,c?weights=2,1,1.
//
// The URI of a tiered cache consists of the URIs of its local and its remote
// cache, each with its own options, and of the options of the tier, separated
// by |:
// tiered:memory:app?max_entries=50000|redis://cache.example|max_staleness=1s.
// The option `prefix` belongs to the options of the tier.
//
// Characters with a meaning of their own are escaped: % as %25, ? as %3F, and #
// as %23 everywhere; also : / @ as %3A %2F %40 in a user or a password; & and @
// as %26 %40 in an option; and | as %7C within a tiered: URI. An IPv6 address
// is written in brackets: redis://[::1]:6379.

#ifndef APPCACHE_OPEN_H_
#define APPCACHE_OPEN_H_

#include <memory>
#include <string_view>

#include "appcache/cache.h"
#include "appcache/error.h"
#include "appcache/export.h"

namespace appcache {

// Opens the cache that `uri` names. `defaults` has the options that the URI
// does not set. Does what the backend's own Open does: a missing file is
// created, and a server is not contacted until the first operation.
//
// A program opens only the backends that it links: linking the Bazel or CMake
// target of each one, or its pkg-config package, registers it. Errors:
//
// - kInvalidArgument: the scheme is unknown, the URI is malformed, or an option
//   is unknown or out of range.
// - kUnsupported: the backend of this scheme is not linked; the message names
//   its target.
// - Any other error, and these two, when Open of the backend returns it.
//
// No message, of this function or later of the cache, contains the URI or a
// password.
//
// Thread-safe.
APPCACHE_EXPORT Result<std::unique_ptr<Cache>> Open(std::string_view uri,
                                                    CacheOptions defaults = {});

}  // namespace appcache

#endif  // APPCACHE_OPEN_H_
