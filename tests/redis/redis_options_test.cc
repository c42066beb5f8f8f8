// RedisCache::Open checks its options.

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>

#include "appcache/redis_cache.h"
#include "tests/servers/results.h"

namespace appcache::redis_options_test {
namespace {

using std::chrono::milliseconds;

TEST(RedisOptionsTest, OptionOutOfRangeIsNamed) {
  const auto expect_invalid = [](auto change, const std::string& words) {
    RedisCacheOptions options;
    change(options);
    ExpectError(RedisCache::Open(options).status(), ErrorCode::kInvalidArgument,
                words);
  };
  expect_invalid([](auto& o) { o.timeout = milliseconds(0); },
                 "timeout is 0 ms");
  expect_invalid([](auto& o) { o.connect_timeout = milliseconds(-1); },
                 "connect_timeout is -1 ms");
  expect_invalid([](auto& o) { o.max_connections = 0; },
                 "max_connections is 0");
  expect_invalid([](auto& o) { o.max_reply_bytes = 65'535; },
                 "max_reply_bytes is 65535; it must be from 64 KiB to 1 TiB");
  expect_invalid([](auto& o) { o.max_reply_bytes = (uint64_t{1} << 40) + 1; },
                 "max_reply_bytes is 1099511627777");
  expect_invalid([](auto& o) { o.host = ""; }, "the host is empty");
  expect_invalid([](auto& o) { o.port = 0; }, "the port zero");
  expect_invalid([](auto& o) { o.host = std::string("a\0b", 3); }, "NUL");
  expect_invalid([](auto& o) { o.password = std::string("a\0b", 3); }, "NUL");
  expect_invalid([](auto& o) { o.user = "u"; }, "a user but no password");
  expect_invalid([](auto& o) { o.cache.log = nullptr; },
                 "the log sink is empty");
  expect_invalid([](auto& o) { o.cache.compressor = nullptr; },
                 "the compressor is null");
}

TEST(RedisOptionsTest, LargestValueIsWithinTheReplyLimit) {
  RedisCacheOptions options;
  EXPECT_EQ((*RedisCache::Open(options))->Traits().max_value_bytes,
            uint64_t{512} << 20);
  options.max_reply_bytes = 100'000;
  EXPECT_EQ((*RedisCache::Open(options))->Traits().max_value_bytes, 100'000u);
}

}  // namespace
}  // namespace appcache::redis_options_test
