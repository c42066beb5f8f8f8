#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "appcache/redis_cache.h"
#include "appcache/testing/conformance.h"
#include "tests/conformance/opened.h"
#include "tests/servers/redis_server.h"

namespace appcache {
namespace {

// A server that all tests of the process share. For() clears it when a new test
// begins.
class SharedRedis {
 public:
  static SharedRedis& Get() {
    static SharedRedis shared;
    return shared;
  }

  const RedisServer& For(const std::string& directory) {
    if (directory != directory_) {
      EXPECT_EQ(server_.Run("FLUSHALL"), "OK");
    }
    directory_ = directory;
    return server_;
  }

  void PassTime(std::chrono::milliseconds time) { server_.PassTime(time); }

 private:
  RedisServer server_;
  std::string directory_;
};

std::shared_ptr<Cache> OpenWith(RedisCacheOptions all, CacheOptions options) {
  all.cache = std::move(options);
  all.timeout = all.connect_timeout = std::chrono::seconds(60);
  return Opened(RedisCache::Open(std::move(all)));
}

std::shared_ptr<Cache> OpenUnix(const std::string& directory,
                                CacheOptions options, const SharedClock&) {
  RedisCacheOptions all;
  all.unix_path = SharedRedis::Get().For(directory).socket_path();
  return OpenWith(std::move(all), std::move(options));
}

std::shared_ptr<Cache> OpenTcp(const std::string& directory,
                               CacheOptions options, const SharedClock&) {
  RedisCacheOptions all;
  all.host = "127.0.0.1";
  all.port = static_cast<uint16_t>(SharedRedis::Get().For(directory).port());
  return OpenWith(std::move(all), std::move(options));
}

void PassTime(std::chrono::milliseconds time) {
  SharedRedis::Get().PassTime(time);
}

INSTANTIATE_TEST_SUITE_P(
    Redis, ConformanceTest,
    testing::Values(BackendUnderTest{"OverUnixSocket", OpenUnix, PassTime},
                    BackendUnderTest{"OverTcp", OpenTcp, PassTime}),
    NameOfBackend);

}  // namespace
}  // namespace appcache
