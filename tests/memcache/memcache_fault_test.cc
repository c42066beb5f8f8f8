// MemcacheCache over a link on which everything goes wrong, and on a server
// that hangs, dies and comes back: no value that was not written, never another
// key's, every call in time, and no lasting damage.

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "adapters/memcache/memcache_cache.h"
#include "tests/servers/fault_run.h"
#include "tests/servers/memcached_server.h"

namespace appcache {
namespace {

std::unique_ptr<Cache> Open(MemcacheCacheOptions options,
                            const FaultLimits& limits) {
  options.timeout = limits.timeout;
  options.connect_timeout = limits.timeout;
  options.max_connections = limits.max_connections;
  return *MemcacheCache::Open(std::move(options));
}

using Healthy = std::array<MemcachedServer, 2>;

// That one, which has about half of the keys, and two that are well.
MemcacheCacheOptions Beside(const Healthy& healthy, MemcacheServer one) {
  MemcacheCacheOptions options;
  one.weight = 2;
  options.servers = {std::move(one)};
  for (const MemcachedServer& server : healthy) {
    options.servers.emplace_back().unix_path = server.socket_path();
  }
  return options;
}

class MemcacheFaultTest
    : public testing::TestWithParam<std::chrono::milliseconds> {
 protected:
  ServerHandle Handle() {
    return {[&] { server_.Freeze(); }, [&] { server_.Thaw(); },
            [&] { server_.Kill(); }, [&] { server_.Start(); }};
  }

  MemcachedServer server_;
};

TEST_P(MemcacheFaultTest, NoWrongValueEveryCallInTimeAndWellAgainAtOnce) {
  RunOverFaultyLink(server_.socket_path(), GetParam(),
                    [](uint16_t port, const FaultLimits& limits) {
                      MemcacheCacheOptions options;
                      options.servers[0].host = "127.0.0.1";
                      options.servers[0].port = port;
                      return Open(options, limits);
                    });
}

TEST_P(MemcacheFaultTest, TheSameWhereOneOfThreeServersIsBehindTheLink) {
  const Healthy healthy;
  RunOverFaultyLink(server_.socket_path(), GetParam(),
                    [&](uint16_t port, const FaultLimits& limits) {
                      MemcacheServer server;
                      server.host = "127.0.0.1";
                      server.port = port;
                      return Open(Beside(healthy, server), limits);
                    });
}

TEST_P(MemcacheFaultTest,
       AServerThatHangsDiesAndComesBackCostsTimeAndEntriesOnly) {
  RunOverDyingServer(Handle(), GetParam(), [&](const FaultLimits& limits) {
    MemcacheCacheOptions options;
    options.servers[0].unix_path = server_.socket_path();
    return Open(options, limits);
  });
}

TEST_P(MemcacheFaultTest, TheSameWhereItIsOneOfThreeServers) {
  const Healthy healthy;
  RunOverDyingServer(Handle(), GetParam(), [&](const FaultLimits& limits) {
    MemcacheServer server;
    server.unix_path = server_.socket_path();
    return Open(Beside(healthy, server), limits);
  });
}

INSTANTIATE_TEST_SUITE_P(Timeouts, MemcacheFaultTest,
                         testing::Values(kShortTimeout, kUsualTimeout),
                         [](const auto& of) {
                           return std::to_string(of.param.count()) + "ms";
                         });

}  // namespace
}  // namespace appcache
