// MemcacheCache over a link on which everything goes wrong, and on a server
// that hangs, dies and comes back: no value that was not written, never another
// key's, every call in time, and no lasting damage.

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
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

TEST(MemcacheFaultTest, NoWrongValueEveryCallInTimeAndWellAgainAtOnce) {
  const MemcachedServer server;
  RunOverFaultyLink(server.socket_path(),
                    [](uint16_t port, const FaultLimits& limits) {
                      MemcacheCacheOptions options;
                      options.servers[0].host = "127.0.0.1";
                      options.servers[0].port = port;
                      return Open(options, limits);
                    });
}

TEST(MemcacheFaultTest,
     AServerThatHangsDiesAndComesBackCostsTimeAndEntriesOnly) {
  MemcachedServer server;
  RunOverDyingServer({[&] { server.Freeze(); }, [&] { server.Thaw(); },
                      [&] { server.Kill(); }, [&] { server.Start(); }},
                     [&](const FaultLimits& limits) {
                       MemcacheCacheOptions options;
                       options.servers[0].unix_path = server.socket_path();
                       return Open(options, limits);
                     });
}

}  // namespace
}  // namespace appcache
