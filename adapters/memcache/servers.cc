#include "adapters/memcache/servers.h"

#include <set>
#include <tuple>

#include "adapters/net/settings.h"

namespace appcache::memcache {
namespace {

constexpr size_t kMaxServers = 1000;
constexpr uint32_t kMaxWeight = 1'000'000;
// memcached's own bounds of -I.
constexpr uint64_t kMinItemBytes = uint64_t{1} << 10;
constexpr uint64_t kMaxItemBytes = uint64_t{1} << 30;

Status Invalid(std::string message) {
  return Status(ErrorCode::kInvalidArgument, std::move(message));
}

net::Endpoint EndpointOf(const MemcacheServer& server) {
  return {"Memcached", server.host, server.port, server.unix_path};
}

Status Validate(const MemcacheServer& server) {
  if (server.unix_path.empty() && (server.host.empty() || server.port == 0)) {
    return Invalid(
        "a server's host is empty, or its port zero; give both, or a "
        "unix_path");
  }
  for (const std::string* const text : {&server.host, &server.unix_path}) {
    if (text->find('\0') != std::string::npos) {
      return Invalid("a server's host or unix_path holds a NUL");
    }
  }
  if (server.weight < 1 || server.weight > kMaxWeight) {
    return Invalid("a server's weight is " + std::to_string(server.weight) +
                   "; it must be from 1 to " + std::to_string(kMaxWeight));
  }
  return Status();
}

Status ExpectNoneTwice(const std::vector<MemcacheServer>& servers) {
  std::set<std::tuple<std::string_view, std::string_view, uint16_t>> seen;
  for (const MemcacheServer& server : servers) {
    const bool is_new =
        server.unix_path.empty()
            ? seen.emplace("", server.host, server.port).second
            : seen.emplace(server.unix_path, "", uint16_t{0}).second;
    if (!is_new) {
      return Invalid(EndpointOf(server).ServerName() +
                     " is given twice; give it once, with a weight");
    }
  }
  return Status();
}

Status Validate(const MemcacheCacheOptions& options) {
  if (options.cache.compressor == nullptr || options.cache.log == nullptr) {
    return Invalid(
        "the compressor or the log sink is null; leave the default, or give "
        "one that does nothing");
  }
  if (options.servers.empty() || options.servers.size() > kMaxServers) {
    return Invalid("there are " + std::to_string(options.servers.size()) +
                   " servers; there must be from 1 to " +
                   std::to_string(kMaxServers));
  }
  for (const MemcacheServer& server : options.servers) {
    if (Status valid = Validate(server); !valid.ok()) return valid;
  }
  if (Status none_twice = ExpectNoneTwice(options.servers); !none_twice.ok()) {
    return none_twice;
  }
  if (options.max_item_bytes < kMinItemBytes ||
      options.max_item_bytes > kMaxItemBytes) {
    return Invalid("max_item_bytes is " +
                   std::to_string(options.max_item_bytes) +
                   "; it must be from 1 KiB to 1 GiB");
  }
  return net::Settings{options.timeout, options.connect_timeout,
                       options.max_connections}
      .Validate();
}

}  // namespace

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

Result<std::unique_ptr<Servers>> Servers::Make(
    const MemcacheCacheOptions& options) {
  if (Status valid = Validate(options); !valid.ok()) return valid;
  Result<Distribution> distribution = Distribution::Make(options.servers);
  if (!distribution.ok()) return distribution.status();
  std::unique_ptr<Servers> servers(
      new Servers(*std::move(distribution), options.timeout));
  for (const MemcacheServer& server : options.servers) {
    servers->servers_.push_back(
        std::make_unique<Server>(EndpointOf(server), options));
  }
  return servers;
}

std::string Servers::Location() const {
  std::string all;
  for (const auto& server : servers_) {
    if (!all.empty()) all += ", ";
    all += server->resolver.endpoint().ToString();
  }
  return all;
}

}  // namespace appcache::memcache
