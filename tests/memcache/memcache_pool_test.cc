// The connections of a MemcacheCache.

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "appcache/memcache_cache.h"
#include "tests/memcache/memcached_kind.h"
#include "tests/servers/memcached_server.h"
#include "tests/servers/pool_tests.h"
#include "tests/servers/results.h"

namespace appcache::memcache_pool_test {
namespace {

INSTANTIATE_TEST_SUITE_P(Memcached, ServerPoolTest,
                         testing::Values(MemcachedKind()), NameOfKind);

TEST(MemcachePoolTest, ServerWithTooManyConnectionsIsReported) {
  MemcachedServer server({"-c", "64"});
  ClientOptions options;
  options.unix_path = server.socket_path();
  options.max_connections = 1;
  std::vector<std::unique_ptr<Cache>> caches;
  Status status;
  for (int i = 0; i < 100 && status.ok(); ++i) {
    caches.push_back(*MemcachedKind().open(options));
    status = caches.back()->backend()->GetRaw("a").status();
  }
  ExpectError(status, ErrorCode::kUnavailable, "too many connections");
}

}  // namespace
}  // namespace appcache::memcache_pool_test
