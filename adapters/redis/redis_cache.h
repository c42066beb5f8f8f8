// RedisCache: a cache on a Redis server, shared by all who use that server.
//
//   appcache::RedisCacheOptions options;
//   options.host = "cache.example";
//   auto cache = appcache::RedisCache::Open(options);
//   if (!cache.ok()) return Fail(cache.status().ToString());
//   (*cache)->Set(Key<std::string>("greeting"), "hello",
//   std::chrono::hours(1));
//
// An entry is a Redis string under its key path, with Redis's own expiry: what
// pyappcache stores there under the same prefix is read here, and the other way
// round. Eviction is the server's (maxmemory, maxmemory-policy). Tested
// with Redis 7.0.
//
// Failure. Every call ends within options.timeout, whatever the server and the
// network do (a request is put together in memory first: values of tens of
// megabytes take their time for that besides); what it then returns says what
// happened. After kTimeout, or kUnavailable in the middle of a write, it is
// unknown whether the write was done. A connection that failed or timed out is
// closed and never used again; the next call makes a new one, so that the cache
// works again as soon as the server does. A connection that the server has
// closed while it was idle is noticed when it is used, and the call, unless it
// is Clear, is repeated once on a new one.
//
// Connections. Made when they are needed, kept for later, at most
// max_connections; a call that finds all in use waits for one. No thread of the
// cache's own, but one while a host's name is looked up, and one for each
// watch, which has a connection of its own too. SIGPIPE is never raised. No
// TLS.
//
// One server. A name that stands for several, or a proxy in front of several,
// is no server to watch: changes are told by one, and values may be read from
// another. A name that has come to stand for another is: with each link of a
// watch all connections are made anew.
//
// Watching. The server tells of every write, removal, expiry and eviction under
// the prefix, whoever made it and in whatever database, and of FLUSHDB; an
// entry that has expired it tells of when it removes it, which may be later
// than its ttl. It does not tell of SWAPDB: do not use that on a server that is
// watched. Where it is older than Redis 6, or does not allow CLIENT TRACKING,
// those who write announce it (README.md says how others can); a write that
// nobody announces is not heard of then. With ACLs the user needs
//
//   +ping +client|id +client|tracking +subscribe &__redis__:invalidate
//   +ping +subscribe +publish &appcache:changed:*
//
// the one or the other, or both, as all who share entries must have the same:
// who is told by the server announces nothing, but for what is written while
// there is no link. What the server refuses is logged, once for each reason.
//
// fork(). The child may go on using the object: it makes connections of its
// own.
//
// Limits. Keys and values: kMaxBytes. Larger is kInvalidKey, and kTooLarge,
// which removes what the key held. Ttls are exact to the millisecond.
//
// Cost. One round trip for each call, batches included, but for
// InvalidatePrefix.

#ifndef APPCACHE_ADAPTERS_REDIS_REDIS_CACHE_H_
#define APPCACHE_ADAPTERS_REDIS_REDIS_CACHE_H_

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

struct RedisCacheOptions {
  // Prefix, compressor, log: see cache.h.
  CacheOptions cache;

  // A name, looked up anew for each connection, or an address.
  std::string host = "localhost";
  uint16_t port = 6379;
  // A unix socket, instead of host and port, unless it is empty.
  std::string unix_path;

  // No user: the default one. No password: none is sent.
  std::string user;
  std::string password;
  uint32_t database = 0;

  // For the whole of a call: waiting for a connection, making it, the request
  // and the answer, a repetition. From 1 ms to a day.
  std::chrono::milliseconds timeout{1000};
  // For making a connection, within that.
  std::chrono::milliseconds connect_timeout{500};

  // From 1 to 10,000.
  size_t max_connections = 16;
};

// Thread-safe.
class RedisCache final : public Cache {
 public:
  // What Redis takes (its proto-max-bulk-len).
  static constexpr uint64_t kMaxBytes = uint64_t{512} << 20;

  using Opened = Result<std::unique_ptr<RedisCache>>;

  // Does not connect: a server that is away is an error of the calls that need
  // it. kInvalidArgument when an option is out of range.
  static Opened Open(RedisCacheOptions options = {});

  ~RedisCache() override;

  BackendTraits Traits() const override;
  // PING, and what INFO says of the version, if the user may ask.
  Result<std::string> Ping() override;

  Lookup<Bytes> GetRaw(std::string_view path) override;
  Status SetRaw(std::string_view path, std::string_view value,
                Ttl ttl) override;
  // SET NX.
  Result<bool> AddRaw(std::string_view path, std::string_view value,
                      Ttl ttl) override;
  Status InvalidateRaw(std::string_view path) override;

  // SCAN and DEL, a thousand keys of the database at a time, each within
  // options.timeout: two round trips for each thousand, whatever their
  // prefixes. The user needs +scan.
  Status InvalidatePrefixRaw(std::string_view path_prefix) override;

  // FLUSHDB: REMOVES EVERY KEY OF THE DATABASE, WHOEVER WROTE IT, whatever the
  // prefix, entries of a cache or not.
  Status ClearRaw() override;

  Lookup<Ttl> TtlRaw(std::string_view path) override;

  // GET or MGET, and PTTL, in a transaction (MULTI, EXEC), or in several where
  // there are more than 1024 keys: the user must be allowed those, and a proxy
  // has to pass them on. An entry in its last millisecond is a miss.
  Lookup<TimedBytes> GetTimedRaw(std::string_view path) override;
  std::vector<Lookup<TimedBytes>> GetManyTimedRaw(
      std::span<const std::string_view> paths) override;

  // MGET. A key that holds no string is a miss.
  std::vector<Lookup<Bytes>> GetManyRaw(
      std::span<const std::string_view> paths) override;
  // Each entry on its own: when one fails the others are stored.
  Status SetManyRaw(std::span<const RawEntry> entries) override;
  Status InvalidateManyRaw(std::span<const std::string_view> paths) override;

  // By CLIENT TRACKING, or by announcements: see above. Does not wait for the
  // server. The cache must outlive the watch. kUnavailable when there is no
  // thread or descriptor to be had.
  Result<std::unique_ptr<Watch>> WatchRaw(const WatchOptions& options,
                                          WatchListener& listener) override;

 protected:
  // Counters are those of this object; what the server holds is not asked.
  CacheStats RawStats() const override;

 private:
  struct State;

  RedisCache(CacheOptions options, std::unique_ptr<State> state);

  const std::unique_ptr<State> state_;
};

}  // namespace appcache

#endif  // APPCACHE_ADAPTERS_REDIS_REDIS_CACHE_H_
