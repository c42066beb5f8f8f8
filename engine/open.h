// Open: a cache from a URI, as it may stand in a configuration.
//
//   auto cache = appcache::Open("redis://cache.example/0?timeout=50ms");
//   if (!cache.ok()) return Fail(cache.status().ToString());
//   (*cache)->Set(Key<std::string>("greeting"), "hello");
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
// Options stand behind a ?, with & between two, as in
// sqlite:cache.db?max_entries=1000&max_bytes=64MiB. Each is known by the name
// of its field in the options of the backend (redis_cache.h, sqlite_cache.h,
// ...), and `prefix` by all. A duration is written 50ms, 10s, 5m, 1h, 7d, or in
// plain seconds; a size in bytes, or as 64KiB, 8MiB, 1GiB.
//
// The servers of memcached may have weights, one number for each:
// memcached://a,b,c?weights=2,1,1.
//
// A tiered cache is written as the URIs of its two caches, each with its own
// options, and then, if it has any, its own:
// tiered:memory:app?max_entries=50000|redis://cache.example|max_staleness=1s.
// The prefix is among these.
//
// What would be taken for something else is escaped: % is %25, ? is %3F, # is
// %23, in a user or a password also : / @ (%3A %2F %40), in an option & and @
// (%26 %40), in the URIs of a tiered cache | (%7C). An address of IPv6 stands
// in brackets: redis://[::1]:6379.

#ifndef APPCACHE_ENGINE_OPEN_H_
#define APPCACHE_ENGINE_OPEN_H_

#include <memory>
#include <string_view>

#include "engine/cache.h"
#include "engine/error.h"

namespace appcache {

// The cache that `uri` names, with `defaults` for what it does not say. Opens
// as the backend's own Open does: a server is not asked, a file is made when
// there is none.
//
// A program links the backends that it wants to open. kUnsupported: the one of
// this scheme is not linked; the message names the target. kInvalidArgument:
// the URI or an option is not right. Otherwise what the backend's Open says. No
// message, here or later, holds the URI or a password.
//
// Thread-safe.
Result<std::unique_ptr<Cache>> Open(std::string_view uri,
                                    CacheOptions defaults = {});

}  // namespace appcache

#endif  // APPCACHE_ENGINE_OPEN_H_
