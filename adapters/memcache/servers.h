// Servers: the servers of one cache, with their connections.

#ifndef APPCACHE_ADAPTERS_MEMCACHE_SERVERS_H_
#define APPCACHE_ADAPTERS_MEMCACHE_SERVERS_H_

#include <cassert>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/memcache/connection.h"
#include "adapters/memcache/distribution.h"
#include "adapters/memcache/exchange.h"
#include "adapters/memcache/server_request.h"
#include "adapters/net/address.h"
#include "adapters/net/pool.h"
#include "appcache/error.h"
#include "appcache/memcache_cache_options.h"

namespace appcache::memcache {

// A server is named by its index in the options. Thread-safe. The child of a
// fork may use it too: it opens connections of its own.
class Servers {
 public:
  // Does not connect. Throws std::bad_alloc. REQUIRES: Validate(options).ok().
  explicit Servers(const MemcacheCacheOptions& options);

  // At least one.
  size_t size() const noexcept { return servers_.size(); }

  // The server that has the key.
  size_t ServerOf(std::string_view key) const noexcept {
    return distribution_.ServerOf(key);
  }

  // The server's name in messages: "the Memcached server localhost:11211". In
  // the functions below, REQUIRES: server < size().
  const std::string& name(size_t server) const noexcept {
    assert(server < size());
    return servers_[server]->name;
  }

  // The limit of a value that another client has compressed.
  uint64_t max_inflated_bytes() const noexcept { return max_inflated_bytes_; }

  // All addresses, for a person: "localhost:11211, ..."
  std::string Location() const;

  // A call of `server` that sends `request`, which must outlive the call.
  ServerCall CallTo(size_t server, ServerRequest& request) {
    assert(server < size());
    return {&servers_[server]->pool, &request};
  }

  // Does the calls within the cache's timeout (exchange.h). Throws
  // std::bad_alloc.
  void Send(std::span<ServerCall> calls, Retry retry) {
    Exchange(calls, net::Deadline(timeout_), retry);
  }
  // Does a single call, and returns its status.
  Status Send(size_t server, ServerRequest& request,
              Retry retry = Retry::kOnce) {
    ServerCall call = CallTo(server, request);
    Send({&call, 1}, retry);
    return std::move(call.status);
  }

  // Closes, in a forked child, the connections that it has inherited.
  void AbandonInChild() noexcept;

 private:
  struct Server {
    Server(const net::Endpoint& endpoint, const MemcacheCacheOptions& options);

    const std::string name;
    net::Resolver resolver;
    net::Pool<Connection> pool;
  };

  const Distribution distribution_;
  const std::chrono::milliseconds timeout_;
  const uint64_t max_inflated_bytes_;
  std::vector<std::unique_ptr<Server>> servers_;
};

}  // namespace appcache::memcache

#endif  // APPCACHE_ADAPTERS_MEMCACHE_SERVERS_H_
