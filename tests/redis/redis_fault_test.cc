// RedisCache over a link on which everything goes wrong, and on a server that
// hangs, dies and comes back: no value that was not written, never another
// key's, every call in time, and no lasting damage.

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "adapters/redis/redis_cache.h"
#include "tests/servers/fault_run.h"
#include "tests/servers/redis_server.h"

namespace appcache {
namespace {

std::unique_ptr<Cache> Open(RedisCacheOptions options,
                            const FaultLimits& limits) {
  options.timeout = limits.timeout;
  options.connect_timeout = limits.timeout;
  options.max_connections = limits.max_connections;
  return *RedisCache::Open(std::move(options));
}

using RedisFaultTest = testing::TestWithParam<std::chrono::milliseconds>;

TEST_P(RedisFaultTest, NoWrongValueEveryCallInTimeAndWellAgainAtOnce) {
  const RedisServer server;
  RunOverFaultyLink(server.socket_path(), GetParam(),
                    [](uint16_t port, const FaultLimits& limits) {
                      RedisCacheOptions options;
                      options.host = "127.0.0.1";
                      options.port = port;
                      return Open(options, limits);
                    });
}

TEST_P(RedisFaultTest,
       AServerThatHangsDiesAndComesBackCostsTimeAndEntriesOnly) {
  RedisServer server;
  RunOverDyingServer({[&] { server.Freeze(); }, [&] { server.Thaw(); },
                      [&] { server.Kill(); }, [&] { server.Start(); }},
                     GetParam(), [&](const FaultLimits& limits) {
                       RedisCacheOptions options;
                       options.unix_path = server.socket_path();
                       return Open(options, limits);
                     });
}

INSTANTIATE_TEST_SUITE_P(Timeouts, RedisFaultTest,
                         testing::Values(kShortTimeout, kUsualTimeout),
                         [](const auto& of) {
                           return std::to_string(of.param.count()) + "ms";
                         });

}  // namespace
}  // namespace appcache
