#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "appcache/memcache_cache.h"
#include "appcache/testing/conformance.h"
#include "tests/conformance/opened.h"
#include "tests/servers/memcached_server.h"

namespace appcache {
namespace {

// Three servers that all tests of the process share. For() clears them when a
// new test begins.
class SharedMemcached {
 public:
  static SharedMemcached& Get() {
    static SharedMemcached shared;
    return shared;
  }

  std::vector<MemcacheServer> For(const std::string& directory, size_t count) {
    std::vector<MemcacheServer> some;
    for (MemcachedServer& server : servers_) {
      if (directory != directory_) {
        EXPECT_EQ(server.Run("flush_all"), "OK");
      }
      if (some.size() == count) continue;
      some.emplace_back().unix_path = server.socket_path();
    }
    directory_ = directory;
    return some;
  }

  void PassTime(std::chrono::milliseconds time) {
    for (MemcachedServer& server : servers_) server.PassTime(time);
  }

 private:
  std::array<MemcachedServer, 3> servers_;
  std::string directory_;
};

template <size_t kServers>
std::shared_ptr<Cache> Open(const std::string& directory, CacheOptions options,
                            const SharedClock&) {
  MemcacheCacheOptions all;
  all.cache = std::move(options);
  all.timeout = all.connect_timeout = std::chrono::seconds(60);
  all.servers = SharedMemcached::Get().For(directory, kServers);
  return Opened(MemcacheCache::Open(std::move(all)));
}

void PassTime(std::chrono::milliseconds time) {
  SharedMemcached::Get().PassTime(time);
}

INSTANTIATE_TEST_SUITE_P(
    Memcached, ConformanceTest,
    testing::Values(BackendUnderTest{"OneServer", Open<1>, PassTime},
                    BackendUnderTest{"ThreeServers", Open<3>, PassTime}),
    NameOfBackend);

}  // namespace
}  // namespace appcache
