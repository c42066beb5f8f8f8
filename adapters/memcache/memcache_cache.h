// MemcacheCache: a cache on Memcached servers, shared by all who use them.
//
//   appcache::MemcacheCacheOptions options;
//   options.servers = {{.host = "cache-1"}, {.host = "cache-2"}};
//   auto cache = appcache::MemcacheCache::Open(options);
//   if (!cache.ok()) return Fail(cache.status().ToString());
//   (*cache)->Set(Key<std::string>("greeting"), "hello",
//   std::chrono::hours(1));
//
// An entry is an item under its key path, with flags 0 and Memcached's own
// expiry: what pyappcache stores there under the same prefix is read here, and
// the other way round. Eviction is the server's (-m). Tested with memcached
// 1.6.18.
//
// Servers. Keys are distributed by weighted ketama over MD5, as libmemcached
// and pylibmc do with ketama_weighted: give all clients the same hosts, ports
// and weights, written the same way. A server that is away keeps its keys, and
// each call that needs it fails; the keys of others are not affected. What it
// held before an invalidate that it missed it still holds when it is back: give
// entries a ttl.
//
// Failure. Every call ends within options.timeout, whatever the servers and the
// network do; what it then returns says what happened. After kTimeout, or
// kUnavailable in the middle of a write, it is unknown whether the write was
// done. A connection that failed or timed out is closed and never used again;
// the next call makes a new one, so that the cache works again as soon as the
// server does. A connection that the server has closed while it was idle is
// noticed when it is used, and the call, unless it is Clear or an add, is
// repeated once on a new one.
//
// Connections. Made when they are needed, kept for later, at most
// max_connections for each server; a call that finds all in use waits for one.
// No thread of the cache's own, but one while a host's name is looked up.
// SIGPIPE is never raised. No TLS, no passwords.
//
// fork(). The child may go on using the object: it makes connections of its
// own.
//
// Keys. A path of 1 to 250 bytes without blanks and control characters is
// Memcached's key as it is. Any other is sent as its hash, and the item says
// which path it is of (wire_key.h, item.h): other programs do not find those by
// their path. Longer than max_key_bytes of Traits() (256 KiB, or a quarter of
// max_item_bytes if that is less) is kInvalidKey.
//
// Values. Key and value share one item: with its key and 59 bytes of the
// server's own a value may take max_item_bytes. Larger is kTooLarge, is not
// sent, and removes what the key held.
//
// Ttls. Memcached counts whole seconds: an entry ends between ttl and ttl + 2
// seconds from now, never sooner, while the server's clock runs. A ttl of more
// than 30 days is sent as a time of day: there the clocks of both machines have
// to agree. Memcached knows no time after 19 January 2038: a ttl beyond that
// never ends.
//
// Cost. One round trip for each call, batches included: all servers are asked
// before any answer is awaited.

#ifndef APPCACHE_ADAPTERS_MEMCACHE_MEMCACHE_CACHE_H_
#define APPCACHE_ADAPTERS_MEMCACHE_MEMCACHE_CACHE_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/cache.h"

namespace appcache {

struct MemcacheServer {
  // A name, looked up anew for each connection, or an address.
  std::string host = "localhost";
  uint16_t port = 11211;
  // A unix socket, instead of host and port, unless it is empty.
  std::string unix_path;

  // Its share of the keys, in proportion to the others'. From 1 to 1,000,000.
  uint32_t weight = 1;
};

struct MemcacheCacheOptions {
  // Prefix, compressor, log: see cache.h.
  CacheOptions cache;

  // From 1 to 1000. None twice, as they are written.
  std::vector<MemcacheServer> servers = {MemcacheServer()};

  // For the whole of a call: waiting for a connection, making it, the request
  // and the answer, a repetition. From 1 ms to a day.
  std::chrono::milliseconds timeout{1000};
  // For making a connection, within that.
  std::chrono::milliseconds connect_timeout{500};

  // For each server. From 1 to 10,000.
  size_t max_connections = 16;

  // What the servers take, their -I: from 1 KiB to 1 GiB. If theirs is less,
  // it is they who refuse what is too large; if it is more, a larger value of
  // another program's is kTooLarge here.
  uint64_t max_item_bytes = uint64_t{1} << 20;
};

// Thread-safe.
class MemcacheCache final : public Cache {
 public:
  using Opened = Result<std::unique_ptr<MemcacheCache>>;

  // Does not connect: a server that is away is an error of the calls that need
  // it. kInvalidArgument when an option is out of range.
  static Opened Open(MemcacheCacheOptions options = {});

  ~MemcacheCache() override;

  BackendTraits Traits() const override;
  // What each server says of its version: "memcached 1.6.18", and more of them
  // behind commas if they differ. All must answer.
  Result<std::string> Ping() override;

  // kCorrupt: under a path's hash there is an item that no MemcacheCache has
  // written.
  Lookup<Bytes> GetRaw(std::string_view path) override;
  // kFull: the server has no memory and may not evict; the key is then empty.
  Status SetRaw(std::string_view path, std::string_view value,
                Ttl ttl) override;
  // Memcached's add, not repeated: a connection that the server has closed is
  // kUnavailable. After a failure that says what the server answered
  // (kTooLarge, kFull) the key holds what it held: unlike a set, a refused add
  // empties nothing. Of a path that is sent as its hash the item that is in the
  // way is looked at, in the same round trip, in which it comes back whole:
  // kBusy when it is another path's, or gone already; kCorrupt as of a get.
  // Then nothing was changed either.
  Result<bool> AddRaw(std::string_view path, std::string_view value,
                      Ttl ttl) override;
  Status InvalidateRaw(std::string_view path) override;

  // flush_all: REMOVES EVERYTHING THAT ANYONE HAS STORED ON ANY OF THE SERVERS,
  // whatever the prefix, entries of a cache or not. All servers are told, also
  // when one of them fails. (On a server without CAS, -C, what is set within
  // the same second after it is lost too.)
  Status ClearRaw() override;

  // Of the ttl as it was asked for, in whole seconds, one millisecond in the
  // last; never more than the server keeps the entry. To the server it is a
  // use. kUnsupported on a server without meta commands (before 1.6).
  Lookup<Ttl> TtlRaw(std::string_view path) override;
  // One meta get for each key; `left`, and servers without them, as above.
  Lookup<TimedBytes> GetTimedRaw(std::string_view path) override;

  // Where a server fails, the keys that it has are failures, and only those.
  std::vector<Lookup<Bytes>> GetManyRaw(
      std::span<const std::string_view> paths) override;
  std::vector<Lookup<TimedBytes>> GetManyTimedRaw(
      std::span<const std::string_view> paths) override;
  // Each entry on its own: when one fails the others are stored. The failure is
  // the first in the order of the servers.
  Status SetManyRaw(std::span<const RawEntry> entries) override;
  Status InvalidateManyRaw(std::span<const std::string_view> paths) override;

 protected:
  // Counters are those of this object; what the servers hold is not asked.
  CacheStats RawStats() const override;

 private:
  struct State;

  MemcacheCache(CacheOptions options, std::unique_ptr<State> state);

  const std::unique_ptr<State> state_;
};

}  // namespace appcache

#endif  // APPCACHE_ADAPTERS_MEMCACHE_MEMCACHE_CACHE_H_
