// LmdbCache, RedisCache, MemcacheCache and TieredCache. Each cache of a server
// has a server of its own.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "appcache/lmdb_cache.h"
#include "appcache/memcache_cache.h"
#include "appcache/redis_cache.h"
#include "appcache/sqlite_cache.h"
#include "appcache/tiered_cache.h"
#include "bench/frame/program.h"
#include "bench/frame/server.h"
#include "bench/frame/temp_directory.h"
#include "bench/suite/cache_side.h"
#include "bench/suite/store.h"

namespace appcache::bench {
namespace {

// For calls that wait while the machine is busy.
constexpr std::chrono::milliseconds kTimeout = std::chrono::minutes(1);

class LmdbCacheSide final : public CacheSide {
 public:
  LmdbCacheSide(std::unique_ptr<TempDirectory> directory, const Room& room)
      : CacheSide(Open(*directory, room)),
        directory_(std::move(directory)),
        is_full_(room.is_full) {}

  // If it is full, until the first eviction: with more items, because the room
  // for entries is not known beforehand.
  void Fill(std::span<const Item> items, std::string_view value) override {
    CacheSide::Fill(items, value);
    for (uint32_t id = kMoreIds; is_full_ && cache().Stats().evictions == 0;
         id += static_cast<uint32_t>(items.size())) {
      CacheSide::Fill(MakeItems(id, items.size(), kSegment), value);
    }
  }

 private:
  static constexpr uint32_t kMoreIds = 90'000'000;

  // LMDB writes a changed page anew, so that it needs much more than the
  // entries if none is to be evicted.
  static std::unique_ptr<Cache> Open(const TempDirectory& directory,
                                     const Room& room) {
    LmdbCacheOptions options;
    options.max_bytes = room.is_full
                            ? std::max(LmdbCacheOptions::kMinBytes,
                                       room.entries * (room.value_bytes + 256))
                            : room.ample_bytes();
    options.busy_timeout = kTimeout;
    return ValueOrFail(LmdbCache::Open(directory.Path("cache"), options));
  }

  const std::unique_ptr<TempDirectory> directory_;
  const bool is_full_;
};

std::unique_ptr<Side> OpenLmdb(const Room& room) {
  return std::make_unique<LmdbCacheSide>(std::make_unique<TempDirectory>(),
                                         room);
}

std::unique_ptr<Cache> OpenRedisCache(const Server& server) {
  RedisCacheOptions options;
  options.unix_path = server.socket();
  options.timeout = kTimeout;
  return ValueOrFail(RedisCache::Open(options));
}

std::unique_ptr<Cache> OpenMemcacheCache(const Server& server) {
  MemcacheCacheOptions options;
  options.servers[0].unix_path = server.socket();
  options.timeout = kTimeout;
  return ValueOrFail(MemcacheCache::Open(options));
}

// The server, which the cache uses until it is destroyed.
struct ServerHolder {
  Server server;
};

class RedisCacheSide final : private ServerHolder, public CacheSide {
 public:
  explicit RedisCacheSide(const Room&)
      : ServerHolder{Server::Redis()}, CacheSide(OpenRedisCache(server)) {}
};

class MemcacheCacheSide final : private ServerHolder, public CacheSide {
 public:
  explicit MemcacheCacheSide(const Room& room)
      : ServerHolder{Server::Memcached(room.ample_bytes())},
        CacheSide(OpenMemcacheCache(server)) {}
};

// A SqliteCache in memory in front of a RedisCache. When it is full, nearly
// every get is a fetch.
class TieredCacheSide final : private ServerHolder, public CacheSide {
 public:
  explicit TieredCacheSide(const Room& room)
      : ServerHolder{Server::Redis()}, CacheSide(OpenTier(server, room)) {}

  // Until every item has a local copy that lasts, unless there is no room.
  void Fill(std::span<const Item> items, std::string_view value) override {
    // There are no notifications of what is set before the link is up.
    auto& tier = static_cast<TieredCache&>(cache());
    while (!tier.coherent()) std::this_thread::yield();
    CacheSide::Fill(items, value);
    // A notification that arrives later would remove a copy again.
    while (tier.Report().changes_notified < items.size()) {
      std::this_thread::yield();
    }
    for (const Item& item : items) {
      Must(Get(item) == value.size(), "the tier lacks an entry that was set");
    }
  }

 private:
  static std::unique_ptr<Cache> OpenTier(const Server& server,
                                         const Room& room) {
    static std::atomic<int> opened{0};
    SqliteCacheOptions local;
    local.max_entries = room.is_full ? 1 : room.capacity();
    local.hash_seed = kHashSeed;
    local.busy_timeout = kTimeout;
    local.resident_bytes = uint64_t{8} << 30;
    TieredOptions options;
    options.cache.log = [](LogLevel, std::string_view) {};
    // A pause of the machine must not turn hits into misses.
    options.lease.max_staleness = kTimeout;
    return ValueOrFail(TieredCache::Open(
        ValueOrFail(
            SqliteCache::OpenInMemory(local, "tier" + std::to_string(opened++)))
            ->backend(),
        OpenRedisCache(server)->backend(), options));
  }
};

const AddSide kLmdb({"appcache_lmdb", "file", kCacheForms | kEvicts, OpenLmdb});
const AddSide kRedis({"appcache_redis", "unix", kCacheForms,
                      OpenSide<RedisCacheSide>});
const AddSide kMemcached({"appcache_memcached", "unix", kCacheForms,
                          OpenSide<MemcacheCacheSide>});
const AddSide kTiered({"appcache_tiered", "unix", kCacheForms | kFetches,
                       OpenSide<TieredCacheSide>});

}  // namespace
}  // namespace appcache::bench
