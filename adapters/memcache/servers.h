// Servers: the servers of one cache, with their connections.

#ifndef APPCACHE_ADAPTERS_MEMCACHE_SERVERS_H_
#define APPCACHE_ADAPTERS_MEMCACHE_SERVERS_H_

#include <atomic>
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

// Whether a server has the commands for keys in base64 (key_maker.h).
enum class Base64Support : uint8_t { kUnknown, kYes, kNo };

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

  // What the server has been found to support. After a call that failed because
  // the server refused a command (kUnsupported) or closed the connection, it is
  // unknown again, because an older server or a proxy may have taken its place.
  Base64Support base64_support(size_t server) const noexcept {
    assert(server < size());
    return servers_[server]->base64_support.load(std::memory_order_relaxed);
  }
  void set_base64_support(size_t server, Base64Support support) noexcept {
    assert(server < size());
    servers_[server]->base64_support.store(support, std::memory_order_relaxed);
  }

  // The time limit of a call that begins now.
  net::Deadline NewDeadline() const noexcept { return net::Deadline(timeout_); }

  // Does the calls (exchange.h). Throws std::bad_alloc.
  void Send(std::span<ServerCall> calls, const net::Deadline& deadline,
            Retry retry);
  // Does a single call, and returns its status.
  Status Send(size_t server, ServerRequest& request,
              const net::Deadline& deadline, Retry retry = Retry::kOnce) {
    ServerCall call = CallTo(server, request);
    Send({&call, 1}, deadline, retry);
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
    std::atomic<Base64Support> base64_support{Base64Support::kUnknown};
  };

  const Distribution distribution_;
  const std::chrono::milliseconds timeout_;
  const uint64_t max_inflated_bytes_;
  std::vector<std::unique_ptr<Server>> servers_;
};

}  // namespace appcache::memcache

#endif  // APPCACHE_ADAPTERS_MEMCACHE_SERVERS_H_
