// MemcacheCache over a faulty network, and on servers of which one hangs, dies
// and restarts.

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "appcache/memcache_cache.h"
#include "tests/memcache/memcached_kind.h"
#include "tests/servers/fault_run.h"
#include "tests/servers/fault_tests.h"
#include "tests/servers/memcached_server.h"

namespace appcache::memcache_fault_test {
namespace {

INSTANTIATE_TEST_SUITE_P(Memcached, ServerFaultTest,
                         testing::Combine(testing::Values(MemcachedKind()),
                                          testing::Values(kShortTimeout,
                                                          kUsualTimeout)),
                         NameOfKindAndTimeout);

// Opens caches on the server under test, which has about half of the keys, and
// on two healthy servers.
class MemcacheFaultTest
    : public testing::TestWithParam<std::chrono::milliseconds> {
 protected:
  OpenForFaults Opener() {
    return [this](const ClientOptions& client) {
      std::vector<MemcacheServer> servers = {ServerOf(client)};
      servers[0].weight = 2;
      for (const MemcachedServer& server : healthy_) {
        servers.emplace_back().unix_path = server.socket_path();
      }
      return *OpenOnServers(std::move(servers), client);
    };
  }

  MemcachedServer server_;
  std::array<MemcachedServer, 2> healthy_;
};

TEST_P(MemcacheFaultTest, FaultyLinkToOneOfThreeServersCausesNoWrongValue) {
  RunOverFaultyLink(server_.socket_path(), GetParam(), Opener());
}

TEST_P(MemcacheFaultTest, OneDyingServerOfThreeCausesNoWrongValue) {
  RunOverDyingServer(server_, GetParam(), Opener());
}

INSTANTIATE_TEST_SUITE_P(Timeouts, MemcacheFaultTest,
                         testing::Values(kShortTimeout, kUsualTimeout),
                         [](const auto& of) {
                           return std::to_string(of.param.count()) + "ms";
                         });

}  // namespace
}  // namespace appcache::memcache_fault_test
