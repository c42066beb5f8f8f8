// memcached:// and memcached+unix://, for Open.

#include <cstdint>
#include <utility>
#include <vector>

#include "adapters/memcache/memcache_cache.h"
#include "engine/uri/scheme_registry.h"

namespace appcache {
namespace {

using Opened = Result<std::unique_ptr<Cache>>;

MemcacheCacheOptions TakeOptions(CacheOptions defaults, UriOptions& given) {
  MemcacheCacheOptions options;
  options.cache = std::move(defaults);
  given.Duration("timeout", options.timeout);
  given.Duration("connect_timeout", options.connect_timeout);
  given.Count("max_connections", options.max_connections);
  given.Size("max_item_bytes", options.max_item_bytes);
  return options;
}

// Servers have no accounts, and all share the one set of entries.
Status ExpectNoLogin(const Uri& uri) {
  if (uri.user.empty() && uri.password.empty()) return Status();
  return WrongForm(uri, "the text protocol has no user and no password");
}

Opened OpenByHosts(const Uri& uri, CacheOptions defaults, UriOptions& given) {
  MemcacheCacheOptions options = TakeOptions(std::move(defaults), given);
  std::vector<uint32_t> weights;
  given.Counts("weights", weights);
  Status status = given.Done();
  if (status.ok()) status = ExpectNoLogin(uri);
  if (status.ok() && uri.hosts.empty()) {
    status = WrongForm(uri, "a memcached cache has one host at least");
  }
  if (status.ok() && !uri.path.empty() && uri.path != "/") {
    status = WrongForm(uri, "a memcached cache has hosts and no path");
  }
  if (status.ok() && !weights.empty() && weights.size() != uri.hosts.size()) {
    status = WrongForm(uri, "weights has one number for each host");
  }
  if (!status.ok()) return status;
  options.servers.clear();
  for (size_t i = 0; i < uri.hosts.size(); ++i) {
    MemcacheServer& server = options.servers.emplace_back();
    server.host = uri.hosts[i].name;
    server.port = uri.hosts[i].port.value_or(server.port);
    if (!weights.empty()) server.weight = weights[i];
  }
  return ToCache(MemcacheCache::Open(std::move(options)));
}

Opened OpenBySocket(const Uri& uri, CacheOptions defaults, UriOptions& given) {
  MemcacheCacheOptions options = TakeOptions(std::move(defaults), given);
  Status status = given.Done();
  if (status.ok()) status = ExpectPathOnly(uri);
  if (!status.ok()) return status;
  options.servers[0].unix_path = uri.path;
  return ToCache(MemcacheCache::Open(std::move(options)));
}

const SchemeRegistrar kMemcached("memcached", OpenByHosts);
const SchemeRegistrar kMemcachedUnix("memcached+unix", OpenBySocket);

}  // namespace
}  // namespace appcache
