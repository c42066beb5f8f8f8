// Programs in Python and this library read each other's entries.

#include <gtest/gtest.h>

#include <memory>

#include "appcache/redis_cache.h"
#include "tests/servers/python_interop.h"
#include "tests/servers/redis_server.h"

namespace appcache::interop_test {
namespace {

TEST(RedisInteropTest, PythonAndThisLibraryReadEachOthersEntries) {
  const RedisServer server;
  RedisCacheOptions options;
  options.unix_path = server.socket_path();
  options.timeout = options.connect_timeout = std::chrono::seconds(60);
  const std::unique_ptr<RedisCache> cache = *RedisCache::Open(options);
  ExpectSharedWithPython(*cache, "redis " + server.socket_path());
}

}  // namespace
}  // namespace appcache::interop_test
