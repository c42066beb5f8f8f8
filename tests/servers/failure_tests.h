// ServerFailureTest: what a cache does when its server is down, restarts,
// hangs, or is not the kind of server that it should be.

#ifndef APPCACHE_TESTS_SERVERS_FAILURE_TESTS_H_
#define APPCACHE_TESTS_SERVERS_FAILURE_TESTS_H_

#include <gtest/gtest.h>

#include <memory>

#include "appcache/cache.h"
#include "tests/servers/server_kind.h"
#include "tests/servers/test_server.h"

namespace appcache {

class ServerFailureTest : public testing::TestWithParam<ServerKind> {
 protected:
  std::unique_ptr<Cache> Open(ClientOptions options) {
    Result<std::unique_ptr<Cache>> opened = GetParam().open(options);
    EXPECT_TRUE(opened.ok()) << opened.status().ToString();
    return *std::move(opened);
  }
  std::unique_ptr<Cache> OpenOn(const TestServer& server) {
    ClientOptions options;
    options.unix_path = server.socket_path();
    return Open(std::move(options));
  }
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_SERVERS_FAILURE_TESTS_H_
