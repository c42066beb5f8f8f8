// Servers: all that one cache uses, and which of them has a key.

#ifndef APPCACHE_ADAPTERS_MEMCACHE_SERVERS_H_
#define APPCACHE_ADAPTERS_MEMCACHE_SERVERS_H_

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/memcache/distribution.h"
#include "adapters/memcache/exchange.h"
#include "adapters/memcache/memcache_cache.h"
#include "adapters/net/address.h"
#include "adapters/net/pool.h"

namespace appcache::memcache {

// Thread-safe.
class Servers {
 public:
  // kInvalidArgument when an option is out of range. Throws std::bad_alloc.
  static Result<std::unique_ptr<Servers>> Make(
      const MemcacheCacheOptions& options);

  size_t size() const noexcept { return servers_.size(); }

  // The place of the server that has the key.
  size_t ServerOf(std::string_view key) const noexcept {
    return distribution_.ServerOf(key);
  }

  // What messages call it: "the Memcached server localhost:11211".
  const std::string& name(size_t server) const noexcept {
    return servers_[server]->name;
  }

  // "localhost:11211, ..."
  std::string Location() const;

  // The share of a call that has that conversation with that server.
  Share ShareOf(size_t server, Conversation& conversation) {
    return {&servers_[server]->pool, &conversation};
  }

  // Exchange() within the timeout. A shorthand for a single share is its
  // status.
  enum class Repeat { kOnce, kNever };
  void Have(std::span<Share> shares, Repeat repeat = Repeat::kOnce) {
    Exchange(shares, net::Deadline(timeout_), repeat == Repeat::kOnce);
  }
  Status Have(size_t server, Conversation& conversation) {
    Share share = ShareOf(server, conversation);
    Have({&share, 1});
    return std::move(share.status);
  }

 private:
  struct Server {
    Server(const net::Endpoint& endpoint, const MemcacheCacheOptions& options);

    const std::string name;
    net::Resolver resolver;
    net::Pool<Connection> pool;
  };

  Servers(Distribution distribution, std::chrono::milliseconds timeout)
      : distribution_(std::move(distribution)), timeout_(timeout) {}

  const Distribution distribution_;
  const std::chrono::milliseconds timeout_;
  std::vector<std::unique_ptr<Server>> servers_;
};

}  // namespace appcache::memcache

#endif  // APPCACHE_ADAPTERS_MEMCACHE_SERVERS_H_
