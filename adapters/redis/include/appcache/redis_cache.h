// RedisCache: a cache on a Redis server, shared by all clients of that server.
//
//   RedisCacheOptions options;
//   options.host = "cache.example";
//   RedisCache::Opened opened = RedisCache::Open(options);
//   if (!opened.ok()) return Fail(opened.status().ToString());
//   const std::unique_ptr<RedisCache> cache = *std::move(opened);
//   Status stored = cache->Set(Key<std::string>("greeting"), "hello",
//                              std::chrono::hours(1));
//   if (!stored.ok()) return Fail(stored.ToString());
//
// An entry is a Redis string under its key path, with Redis's own expiry.
// pyappcache stores entries the same way, but as pickles unless it has another
// serialiser: pickle_serialiser.h reads and writes them. The server evicts
// (maxmemory, maxmemory-policy). Tested with Redis 7.0.
//
// Failure. Every call returns within options.timeout, whatever the server and
// the network do: also when replies arrive slowly or without end. Building a
// request of tens of megabytes in memory may take additional time. A reply uses
// at most options.max_reply_bytes; a larger one is kTooLarge. A batch read
// receives one reply for each 4096 keys, a timed one for each 1024. After
// kTimeout, and after kUnavailable from a write, it is unknown whether the
// write was done. kUnavailable: the server cannot be reached, closed the
// connection, refused the login, is loading its data, is a read-only replica,
// or sent an invalid reply. kBusy: all max_connections stayed in use until the
// timeout, and nothing was sent; or the server is busy running a script. kFull:
// the server has reached maxmemory and may not evict. kUnsupported: the user
// may not run the command, or the server is a node of a cluster. A connection
// that failed, timed out, or received a reply of a type or size that its
// command does not have, is closed and never used again; the next call opens a
// new one, so the cache works again as soon as the server does.
//
// Retry. When the server closes the connection before it has replied, the call
// is retried exactly once on a new connection, within the same timeout, as in
// pyappcache; so is each round trip of InvalidatePrefix. AddRaw is not: the
// retry could find the entry that the first attempt has added. A call that has
// timed out, or could not connect, is not retried.
//
// Failover. A host name or a proxy may come to stand for another server while
// connections to the old one stay open. When a server replies that it is the
// wrong one (READONLY, LOADING, MASTERDOWN, NOREPLICAS, CLUSTERDOWN, NOAUTH),
// it has not run that command: the cache replaces its connections, at most four
// times in a second, looks the name up again, and repeats the call once.
// Earlier commands of the same batch may then be run twice. So writes work
// within a second after the name leads to the new primary; reads go on in the
// meantime. A program that only reads does not notice that the server has
// become a replica: it reads the old server until that closes the connection or
// refuses a read, or until a watch gets a new link. A write refused by a server
// that still serves reads (READONLY, NOREPLICAS, MISCONF) has the native code
// EROFS.
//
// Connections. They are opened on demand and kept, at most max_connections,
// besides one for each watch. The cache has no threads, except one while a host
// name is looked up and one for each watch. It never raises SIGPIPE. It does
// not support TLS or Redis Cluster.
//
// fork(). The child may use and destroy the cache: it opens connections of its
// own. A watch does nothing in the child. A WalkRaw during which the visitor
// forks ends in the child, with kUnavailable, when it needs the server again.
//
// Keys. kInvalidKey: the path is longer than Traits().max_key_bytes, which is
// 512 MiB. kCorrupt: the key holds something other than a string, so another
// program has written it; in a batch read such a key is a miss.
//
// Values. A value larger than Traits().max_value_bytes, which is 512 MiB or
// max_reply_bytes, whichever is less, is kTooLarge: it is not sent, and the key
// is then empty, except that AddRaw changes nothing.
//
// Ttls. They are exact to the millisecond.
//
// Batches. Each entry is independent: when the server rejects one, the others
// are stored. A batch read is an MGET.
//
// Timed reads (GetTimedRaw, GetManyTimedRaw). They read the value by GET or
// MGET and the remaining ttl by PTTL in one transaction (MULTI, EXEC), or in
// several transactions for more than 1024 keys. The user needs +multi +exec
// +pttl, and a proxy must pass transactions on. An entry in its last
// millisecond is a miss.
//
// Add-if-absent. AddRaw is SET NX.
//
// InvalidatePrefix. It runs DEL and SCAN over the database, a thousand keys at
// a time, whatever their prefixes: a round trip for each thousand, and one
// more, each within options.timeout; there is no limit for all of them. On a
// new connection it begins anew, because that may be to another server;
// kUnavailable after a hundred times. The user needs +scan, and must be
// permitted the key that is the prefix itself.
//
// WalkRaw. It runs SCAN like that, and STRLEN and PTTL for each key that starts
// with the prefix, on a connection of its own, which counts against no limit.
// Values are read in transactions, a MiB of them at a time. A key may be
// visited twice when the server resizes its table of keys. Keys that hold no
// string are left out. kUnavailable when the connection is lost: a cursor of
// SCAN is valid on one server only. The expiry times are by the clock of this
// machine. It counts as an access for the server's eviction.
//
// SetTtlRaw. It is PEXPIRE, or PERSIST and EXISTS, and is retried as a set is.
//
// Clear. It sends FLUSHDB ASYNC, which REMOVES EVERY KEY OF THE DATABASE,
// WHOEVER WROTE IT, whatever the prefix, whether it is an entry of a cache or
// not. The server frees the memory afterwards, so a large database takes no
// longer. A server that does not know ASYNC, before Redis 4, removes the keys
// before it replies: after kTimeout it may still be doing so.
//
// Watching. WatchRaw uses CLIENT TRACKING: the server sends a notification of
// every write, removal, expiry and eviction under the prefix, whoever caused it
// and in whatever database, and of FLUSHDB. An expired entry is notified when
// the server removes it, which may be later than its ttl. SWAPDB is not
// notified: do not use it on a watched server. Where the server is older than
// Redis 6 or does not permit CLIENT TRACKING, the watch receives announcements
// instead: each RedisCache with a watch publishes what it changes, as other
// programs may do (the format is in adapters/redis/README.md). A change that
// nobody announces is not notified then. With ACLs the user needs, for
// tracking,
//
//   +ping +client|id +client|tracking +subscribe &__redis__:invalidate
//
// and for announcements
//
//   +ping +subscribe +publish &appcache:changed:*
//
// Programs that share entries must have the same of these permissions: a watch
// that uses tracking announces only what is changed while it has no link. What
// the server refuses is logged, once for each reason. WatchRaw does not wait
// for the server. kUnavailable: no thread or descriptor is available.
//
// Watching needs a single server: a load-balanced name or a proxy in front of
// several servers is not supported, because notifications could come from one
// server and values from another. A name may move to another server: with each
// new link of a watch, the cache makes all its connections anew. The watch gets
// a new link when the old server ends, closes its connections or refuses a
// write as a replica does. An old server that goes on and does none of these
// must be stopped: until then new connections may reach the new server, whose
// changes the watch does not see.
//
// Ping. It returns "Redis" and, if the user may run INFO, the version: "Redis
// 7.0.15".
//
// Stats. The counters are those of this object; the server is not asked.
//
// Cost. One round trip per call, batches included, except for InvalidatePrefix
// and WalkRaw.

#ifndef APPCACHE_REDIS_CACHE_H_
#define APPCACHE_REDIS_CACHE_H_

#include <memory>

#include "appcache/backend.h"
#include "appcache/cache.h"
#include "appcache/error.h"
#include "appcache/export.h"
#include "appcache/redis_cache_options.h"

namespace appcache {

// Thread-safe.
class APPCACHE_EXPORT RedisCache final : public Cache {
 public:
  using Opened = Result<std::unique_ptr<RedisCache>>;

  // Does not connect: an unreachable server is an error of the calls that need
  // it. kInvalidArgument when an option is out of range.
  static Opened Open(RedisCacheOptions options = {});

  ~RedisCache() override;

 private:
  RedisCache(std::shared_ptr<Backend> backend, CacheOptions options);
};

}  // namespace appcache

#endif  // APPCACHE_REDIS_CACHE_H_
