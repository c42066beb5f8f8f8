// MemcacheCache over a faulty link, and on a server that hangs, dies and
// restarts: every value was written under its key, every call returns in time,
// and the cache works again afterwards.

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "appcache/memcache_cache.h"
#include "tests/servers/fault_run.h"
#include "tests/servers/memcached_server.h"

namespace appcache {
namespace {

// The server that `client` names.
MemcacheServer ServerOf(const ClientOptions& client) {
  return {client.host, client.port, client.unix_path};
}

std::unique_ptr<Cache> Open(std::vector<MemcacheServer> servers,
                            const ClientOptions& client) {
  MemcacheCacheOptions options;
  options.servers = std::move(servers);
  options.timeout = client.timeout;
  options.connect_timeout = client.timeout;
  options.max_connections = client.max_connections;
  return *MemcacheCache::Open(std::move(options));
}

using Healthy = std::array<MemcachedServer, 2>;

// The server `one`, which has about half of the keys, and two healthy servers.
std::vector<MemcacheServer> WithHealthy(const Healthy& healthy,
                                        MemcacheServer one) {
  one.weight = 2;
  std::vector<MemcacheServer> servers = {std::move(one)};
  for (const MemcachedServer& server : healthy) {
    servers.emplace_back().unix_path = server.socket_path();
  }
  return servers;
}

class MemcacheFaultTest
    : public testing::TestWithParam<std::chrono::milliseconds> {
 protected:
  MemcachedServer server_;
};

TEST_P(MemcacheFaultTest, FaultyLinkCausesNoWrongValue) {
  RunOverFaultyLink(server_.socket_path(), GetParam(),
                    [](const ClientOptions& client) {
                      return Open({ServerOf(client)}, client);
                    });
}

TEST_P(MemcacheFaultTest, FaultyLinkToOneOfThreeServersCausesNoWrongValue) {
  const Healthy healthy;
  RunOverFaultyLink(
      server_.socket_path(), GetParam(), [&](const ClientOptions& client) {
        return Open(WithHealthy(healthy, ServerOf(client)), client);
      });
}

TEST_P(MemcacheFaultTest, DyingServerCausesNoWrongValue) {
  RunOverDyingServer(server_, GetParam(), [](const ClientOptions& client) {
    return Open({ServerOf(client)}, client);
  });
}

TEST_P(MemcacheFaultTest, OneDyingServerOfThreeCausesNoWrongValue) {
  const Healthy healthy;
  RunOverDyingServer(server_, GetParam(), [&](const ClientOptions& client) {
    return Open(WithHealthy(healthy, ServerOf(client)), client);
  });
}

INSTANTIATE_TEST_SUITE_P(Timeouts, MemcacheFaultTest,
                         testing::Values(kShortTimeout, kUsualTimeout),
                         [](const auto& of) {
                           return std::to_string(of.param.count()) + "ms";
                         });

}  // namespace
}  // namespace appcache
