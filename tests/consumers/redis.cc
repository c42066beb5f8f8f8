// Uses RedisCache on a unix socket.
//
// Usage: redis SOCKET

#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "appcache/redis_cache.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "Usage: redis SOCKET\n");
    return 2;
  }
  appcache::RedisCacheOptions options;
  options.unix_path = argv[1];
  auto opened = appcache::RedisCache::Open(options);
  if (!opened.ok()) {
    std::fprintf(stderr, "redis: %s\n", opened.status().ToString().c_str());
    return 1;
  }
  const std::unique_ptr<appcache::RedisCache> cache = *std::move(opened);

  const appcache::Key<std::string> key("consumer", 2);
  const appcache::Status stored = cache->Set(key, "value");
  if (!stored.ok()) {
    std::fprintf(stderr, "redis: %s\n", stored.ToString().c_str());
    return 1;
  }
  const auto read = cache->Get(key);
  if (!read || *read != "value") {
    std::fprintf(stderr, "redis: the stored value was not read\n");
    return 1;
  }
  std::printf("redis: the cache works\n");
  return 0;
}
