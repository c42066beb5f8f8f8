// MemcacheCache::Open checks its options.

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "appcache/memcache_cache.h"

namespace appcache::memcache_options_test {
namespace {

using std::chrono::milliseconds;

void ExpectInvalid(const Status& status, const std::string& words) {
  EXPECT_TRUE(status.Is(ErrorCode::kInvalidArgument)) << status.ToString();
  EXPECT_NE(status.ToString().find(words), std::string::npos)
      << status.ToString();
}

TEST(MemcacheOptionsTest, OptionOutOfRangeIsNamed) {
  const auto expect_invalid = [](auto change, const std::string& words) {
    MemcacheCacheOptions options;
    change(options);
    ExpectInvalid(MemcacheCache::Open(options).status(), words);
  };
  expect_invalid([](auto& o) { o.timeout = milliseconds(0); },
                 "timeout is 0 ms");
  expect_invalid([](auto& o) { o.connect_timeout = milliseconds(-1); },
                 "connect_timeout is -1 ms");
  expect_invalid([](auto& o) { o.max_connections = 0; },
                 "max_connections is 0");
  expect_invalid([](auto& o) { o.servers.clear(); },
                 "the number of servers is 0");
  expect_invalid([](auto& o) { o.servers.resize(1001); },
                 "the number of servers is 1001");
  expect_invalid([](auto& o) { o.servers[0].host = ""; },
                 "a host and a port other than 0");
  expect_invalid([](auto& o) { o.servers[0].port = 0; },
                 "a host and a port other than 0");
  expect_invalid([](auto& o) { o.servers[0].host = std::string("a\0b", 3); },
                 "NUL");
  expect_invalid([](auto& o) { o.servers[0].weight = 0; },
                 "the weight of the Memcached server localhost:11211 is 0");
  expect_invalid([](auto& o) { o.max_item_bytes = 1023; },
                 "max_item_bytes is 1023");
  expect_invalid([](auto& o) { o.max_item_bytes = (1 << 30) + 1; }, "1 GiB");
  expect_invalid([](auto& o) { o.cache.log = nullptr; }, "log sink is empty");
  expect_invalid([](auto& o) { o.cache.compressor = nullptr; },
                 "compressor is null");
  expect_invalid(
      [](auto& o) {
        o.servers.resize(2);
        o.servers[1].host = std::string(256, 'h');
      },
      "the host of a server has 256 bytes; at most 255");
}

TEST(MemcacheOptionsTest, ServerThatIsListedTwiceIsInvalid) {
  const auto open = [](std::vector<MemcacheServer> servers) {
    MemcacheCacheOptions options;
    options.servers = std::move(servers);
    return MemcacheCache::Open(std::move(options)).status();
  };
  ExpectInvalid(open({{"a", 1, "", 1}, {"b", 1, "", 1}, {"a", 1, "", 2}}),
                "the Memcached server a:1 is listed twice");
  ExpectInvalid(open({{"a", 1, "/run/a", 1}, {"b", 2, "/run/a", 1}}),
                "the Memcached server /run/a is listed twice");
  EXPECT_TRUE(open({{"a", 1, "", 1},
                    {"a", 2, "", 1},
                    {"b", 1, "", 1},
                    {"a", 1, "/run/a", 1},
                    {"a", 1, "/run/b", 1}})
                  .ok());
}

}  // namespace
}  // namespace appcache::memcache_options_test
