// MemcacheCache: a cache on Memcached servers, shared by all their clients.
//
//   MemcacheCacheOptions options;
//   options.servers = {{.host = "cache-1"}, {.host = "cache-2"}};
//   MemcacheCache::Opened opened = MemcacheCache::Open(options);
//   if (!opened.ok()) return Fail(opened.status().ToString());
//   const std::unique_ptr<MemcacheCache> cache = *std::move(opened);
//   Status stored = cache->Set(Key<std::string>("greeting"), "hello",
//                              std::chrono::hours(1));
//   if (!stored.ok()) return Fail(stored.ToString());
//
// An entry is a Memcached item under its key path, with flags 0 and Memcached's
// own expiry. pyappcache stores entries the same way, but as pickles unless it
// has another serialiser: pickle_serialiser.h reads and writes them. The server
// evicts (-m). Tested with memcached 1.6.18.
//
// Servers. Keys are distributed by weighted ketama over MD5, as libmemcached
// and pylibmc do with ketama_weighted. A server that is down keeps its keys:
// calls that need it fail, and the keys of other servers are not affected. A
// server that was unreachable during an invalidation still has the old entry
// when it is back, so give entries a ttl.
//
// Failure. Every call returns within options.timeout, whatever the servers and
// the network do: also when replies arrive slowly or without end. A reply uses
// at most options.max_item_bytes for each of its values. After kTimeout, and
// after kUnavailable from a write, it is unknown whether the write was done.
// kUnavailable: a server cannot be reached, closed the connection, or sent an
// invalid reply. kBusy: all max_connections stayed in use until the timeout;
// nothing was sent. A connection that failed or timed out is closed and never
// used again; the next call opens a new one, so the cache works again as soon
// as the server does.
//
// Retry. When a server closes the connection before it has replied, its part of
// the call is retried exactly once on a new connection, within the same
// timeout, as in pyappcache. AddRaw is not: the retry could find the entry that
// the first attempt has added. A call that has timed out, or could not connect,
// is not retried.
//
// Batches. Each entry is independent: when a server fails, its keys fail and no
// others. A batch write returns the first error in the order of the servers.
//
// Connections. They are opened on demand and kept, at most max_connections per
// server. The cache has no threads, except one while a host name is looked up.
// It never raises SIGPIPE. It supports neither TLS nor passwords.
//
// fork(). The child may use and destroy the cache: it opens connections of its
// own.
//
// Keys. A path of 1 to 250 bytes is used as the Memcached key, so that other
// programs find the entry. If it contains blanks or control characters, it may
// have 186 bytes, is sent in base64 by meta commands, and needs memcached
// 1.6.10 or newer; pylibmc reaches such a key with the binary protocol. Any
// other path is stored under its hash, and the item contains the path; other
// programs cannot find such an item by its path. So are the paths that would
// need base64, if the server has no such commands: it is asked when the cache
// first meets such a path, and the answer is kept as long as the cache is open,
// or until a call fails because the server refuses a command or closes the
// connection. An older server may take its place, so each other connection is
// asked again before such a key is sent on it. kUnsupported: the server no
// longer knows those commands; nothing was changed on it, and the next call
// asks it again. kUnavailable, kTimeout: the server did not answer that
// question, and nothing was changed on it. kInvalidKey: the path is longer than
// Traits().max_key_bytes, which is 256 KiB or a quarter of max_item_bytes,
// whichever is less. kCorrupt: the item under a path's hash was not written by
// a MemcacheCache.
//
// Values. Key, value and 59 bytes of the server's own share one item of at most
// max_item_bytes. A larger value is kTooLarge: it is not sent, and the key is
// then empty. kFull: the server is out of memory and may not evict (-M); the
// key is then empty.
//
// Values of other clients. Flags are read as pylibmc and python-memcached use
// them, and a value is a hit for the serialisers of its type only: bytes (0)
// and text (16) for every serialiser that parses them; an integer or a bool in
// decimal (2 or 4) for those of integers, bool and pickles; a pickle (1) for
// those of pickles. A Bytes is a pickle of the last two. With zlib (8) they are
// inflated first, to at most cache.max_inflated_bytes, which takes about twice
// that much memory. kCorrupt: a value of another type, other flags, or damaged
// data. An invalidation removes any value. (pyappcache itself stores bytes.)
//
// Ttls. Memcached counts whole seconds: an entry expires between ttl and ttl +
// 2 seconds from now, while the server's clock runs. A ttl of more than 30 days
// is sent as a time of day and requires that the clocks of both machines agree.
// Memcached cannot express a time after 19 January 2038: an entry that would
// expire later never expires. The remaining ttl is the one that was asked for,
// in whole seconds, but 1 ms during the last second. Asking for it counts as an
// access on the server. kUnsupported: the server has no meta commands (before
// memcached 1.6).
//
// Add-if-absent. AddRaw is Memcached's add. When it returns kTooLarge or kFull,
// the key holds its old value: unlike a set, a rejected add changes nothing.
// (With a key in base64, a server that rejects the add has removed the old
// value.) Under the hash of a path, AddRaw also fetches the existing item, in
// the same round trip. kBusy: the item belongs to another path with the same
// hash, or has gone in the meantime; nothing was changed. kCorrupt: as above;
// nothing was changed.
//
// SetTtlRaw. It is Memcached's touch, or a meta get with the flag T when the
// key is sent in base64. Neither reads or writes the value, so a value of
// another client keeps its bytes and its flags, whatever they are, and a value
// that is set at the same time is not lost. The ttl is counted as that of a
// set. It is retried as a set is. Under the hash of a path, it first fetches
// the item, in another round trip, and compares the path: kCorrupt, as above.
// If an item of another path with the same hash takes its place before the
// touch, that item gets the ttl. kUnsupported: the server does not know the
// command (before memcached 1.4.8, or a proxy); nothing was changed.
//
// Clear. It sends flush_all, which REMOVES EVERYTHING THAT ANYONE HAS STORED ON
// ANY OF THE SERVERS, whatever the prefix. All servers receive it, even when
// one of them fails. On a server without CAS (-C), entries that are set within
// the same second after it are lost too.
//
// Ping. It returns the version of the servers: "memcached 1.6.18", or several
// versions, separated by commas, if they differ. It fails unless every server
// answers.
//
// Stats. The counters are those of this object; the servers are not asked.
//
// Cost. One round trip per call, batches included: requests are sent to all
// servers before any reply is awaited. Two more, once, to ask a server about
// base64, and one more on each other connection before the first such key; one
// more for SetTtlRaw under a hash.

#ifndef APPCACHE_MEMCACHE_CACHE_H_
#define APPCACHE_MEMCACHE_CACHE_H_

#include <memory>

#include "appcache/backend.h"
#include "appcache/cache.h"
#include "appcache/error.h"
#include "appcache/export.h"
#include "appcache/memcache_cache_options.h"

namespace appcache {

// Thread-safe.
class APPCACHE_EXPORT MemcacheCache final : public Cache {
 public:
  using Opened = Result<std::unique_ptr<MemcacheCache>>;

  // Does not connect: an unreachable server is an error of the calls that need
  // it. kInvalidArgument when an option is out of range.
  static Opened Open(MemcacheCacheOptions options = {});

  ~MemcacheCache() override;

 private:
  MemcacheCache(std::shared_ptr<Backend> backend, CacheOptions options);
};

}  // namespace appcache

#endif  // APPCACHE_MEMCACHE_CACHE_H_
