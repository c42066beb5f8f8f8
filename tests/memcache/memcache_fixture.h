// MemcacheTest: a MemcacheCache on a Memcached server of the test's own.

#ifndef APPCACHE_TESTS_MEMCACHE_MEMCACHE_FIXTURE_H_
#define APPCACHE_TESTS_MEMCACHE_MEMCACHE_FIXTURE_H_

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "appcache/backend.h"
#include "appcache/memcache_cache.h"
#include "tests/servers/memcached_server.h"
#include "tests/servers/results.h"

namespace appcache {

// Opens a cache whose calls have time enough on a busy machine.
inline std::unique_ptr<MemcacheCache> OpenOn(
    const MemcachedServer& server, MemcacheCacheOptions options = {}) {
  options.servers[0].unix_path = server.socket_path();
  options.timeout = options.connect_timeout = std::chrono::seconds(60);
  MemcacheCache::Opened opened = MemcacheCache::Open(std::move(options));
  EXPECT_TRUE(opened.ok()) << opened.status().ToString();
  return *std::move(opened);
}

class MemcacheTest : public testing::Test {
 protected:
  // The server's reply to a get of `key`.
  std::string Stored(const std::string& key) {
    return server_.Run("get " + key);
  }

  MemcachedServer server_;
  const std::unique_ptr<MemcacheCache> cache_ = OpenOn(server_);
  const std::shared_ptr<Backend> backend_ = cache_->backend();
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_MEMCACHE_MEMCACHE_FIXTURE_H_
