// ServerPoolTest: the connections of a cache to its server: their number,
// waiting for one, and fork.

#ifndef APPCACHE_TESTS_SERVERS_POOL_TESTS_H_
#define APPCACHE_TESTS_SERVERS_POOL_TESTS_H_

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <memory>

#include "appcache/cache.h"
#include "tests/servers/server_kind.h"
#include "tests/servers/test_server.h"

namespace appcache {

class ServerPoolTest : public testing::TestWithParam<ServerKind> {
 protected:
  std::unique_ptr<Cache> Open(
      size_t max_connections,
      std::chrono::milliseconds timeout = ClientOptions().timeout) {
    ClientOptions options;
    options.unix_path = server_->socket_path();
    options.timeout = timeout;
    options.max_connections = max_connections;
    return *GetParam().open(options);
  }

  // Closing a connection reaches the server with a delay.
  void AwaitNoConnections() {
    const auto until =
        std::chrono::steady_clock::now() + ClientOptions().timeout;
    while (server_->OpenConnections() != 0) {
      ASSERT_LT(std::chrono::steady_clock::now(), until);
    }
  }

  const std::unique_ptr<TestServer> server_ = GetParam().start_on_socket();
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_SERVERS_POOL_TESTS_H_
