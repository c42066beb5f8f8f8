#include "adapters/memcache/servers.h"

#include "adapters/memcache/options.h"

namespace appcache::memcache {

Servers::Server::Server(const net::Endpoint& endpoint,
                        const MemcacheCacheOptions& options)
    : name(endpoint.ServerName()),
      resolver(endpoint),
      pool(
          name,
          [this, settings = Connection::Settings{options.timeout,
                                                 options.max_item_bytes}](
              const net::Deadline& deadline) {
            return Connection::Connect(resolver, settings, deadline);
          },
          options.max_connections, options.connect_timeout) {}

Servers::Servers(const MemcacheCacheOptions& options)
    : distribution_(options.servers),
      timeout_(options.timeout),
      max_inflated_bytes_(options.cache.max_inflated_bytes) {
  assert(Validate(options).ok());
  for (const MemcacheServer& server : options.servers) {
    servers_.push_back(std::make_unique<Server>(EndpointOf(server), options));
  }
}

void Servers::Send(std::span<ServerCall> calls, const net::Deadline& deadline,
                   Retry retry) {
  Exchange(calls, deadline, retry);
  for (const ServerCall& call : calls) {
    if (!call.status.Is(ErrorCode::kUnsupported) && !call.was_dropped) continue;
    for (const auto& server : servers_) {
      if (call.pool != &server->pool) continue;
      server->base64_support.store(Base64Support::kUnknown,
                                   std::memory_order_relaxed);
    }
  }
}

std::string Servers::Location() const {
  std::string all;
  for (const auto& server : servers_) {
    if (!all.empty()) all += ", ";
    all += server->resolver.endpoint().ToString();
  }
  return all;
}

void Servers::AbandonInChild() noexcept {
  for (const auto& server : servers_) server->pool.AbandonInChild();
}

}  // namespace appcache::memcache
