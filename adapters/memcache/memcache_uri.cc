// Opens memcached: and memcached+unix: URIs.

#include <cassert>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "appcache/export.h"
#include "appcache/memcache_cache.h"
#include "engine/uri/scheme_registry.h"

namespace appcache {
namespace {

using Opened = Result<std::unique_ptr<Cache>>;

MemcacheCacheOptions TakeOptions(CacheOptions defaults,
                                 internal::UriOptions& given) {
  MemcacheCacheOptions options;
  options.cache = std::move(defaults);
  given.Duration("timeout", options.timeout);
  given.Duration("connect_timeout", options.connect_timeout);
  given.Count("max_connections", options.max_connections);
  given.Size("max_item_bytes", options.max_item_bytes);
  return options;
}

Status CheckHosts(const internal::Uri& uri,
                  const std::vector<uint32_t>& weights) {
  const auto wrong = [&](const char* why) {
    return internal::InvalidUri(uri, why);
  };
  if (!uri.user.empty() || !uri.password.empty()) {
    return wrong("a memcached URI has no user and no password");
  }
  if (uri.hosts.empty()) return wrong("a memcached URI has at least one host");
  if (!uri.path.empty() && uri.path != "/") {
    return wrong("a memcached URI has hosts and no path");
  }
  if (!weights.empty() && weights.size() != uri.hosts.size()) {
    return wrong("weights must have one number for each host");
  }
  return Status();
}

std::vector<MemcacheServer> ToServers(const internal::Uri& uri,
                                      const std::vector<uint32_t>& weights) {
  assert(weights.empty() || weights.size() == uri.hosts.size());
  std::vector<MemcacheServer> servers;
  for (size_t i = 0; i < uri.hosts.size(); ++i) {
    MemcacheServer& server = servers.emplace_back();
    server.host = uri.hosts[i].name;
    server.port = uri.hosts[i].port.value_or(server.port);
    if (!weights.empty()) server.weight = weights[i];
  }
  return servers;
}

Opened OpenByHosts(const internal::Uri& uri, CacheOptions defaults,
                   internal::UriOptions& given) {
  MemcacheCacheOptions options = TakeOptions(std::move(defaults), given);
  std::vector<uint32_t> weights;
  given.Counts("weights", weights);
  Status status = given.Done();
  if (status.ok()) status = CheckHosts(uri, weights);
  if (!status.ok()) return status;
  options.servers = ToServers(uri, weights);
  return internal::ToCache(MemcacheCache::Open(std::move(options)));
}

Opened OpenBySocket(const internal::Uri& uri, CacheOptions defaults,
                    internal::UriOptions& given) {
  MemcacheCacheOptions options = TakeOptions(std::move(defaults), given);
  Status status = given.Done();
  if (status.ok()) status = internal::ExpectPathOnly(uri);
  if (!status.ok()) return status;
  options.servers[0].unix_path = uri.path;
  return internal::ToCache(MemcacheCache::Open(std::move(options)));
}

const internal::SchemeRegistrar kMemcached("memcached", OpenByHosts);
const internal::SchemeRegistrar kMemcachedUnix("memcached+unix", OpenBySocket);

}  // namespace
}  // namespace appcache

extern "C" APPCACHE_EXPORT void appcache_scheme_memcache() {}
