#include "tests/interface/backends.h"

#include <sqlite3.h>

#include <array>
#include <utility>

#include "adapters/memcache/memcache_cache.h"
#include "adapters/redis/redis_cache.h"
#include "engine/sqlite_cache.h"
#include "tests/servers/memcached_server.h"
#include "tests/servers/redis_server.h"
#include "tests/support/map_cache.h"
#include "tools/examples/file_cache.h"

namespace appcache {
namespace {

using SharedClock = std::shared_ptr<const Clock>;

template <class C>
std::shared_ptr<Cache> Checked(Result<std::unique_ptr<C>> opened) {
  EXPECT_TRUE(opened.ok()) << opened.status().ToString();
  return opened.ok() ? *std::move(opened) : nullptr;
}

SqliteCacheOptions ForSqlite(CacheOptions options, SharedClock clock) {
  SqliteCacheOptions all;
  all.cache = std::move(options);
  all.clock = std::move(clock);
  return all;
}

std::shared_ptr<Cache> OpenMap(const std::string&, CacheOptions options,
                               SharedClock clock) {
  return std::make_shared<MapCache>(std::move(options), std::move(clock));
}

std::shared_ptr<Cache> OpenFiles(const std::string& directory,
                                 CacheOptions options, SharedClock clock) {
  return Checked(examples::FileCache::Open(directory, std::move(options),
                                           std::move(clock)));
}

// The directory is a name that no other test has.
std::shared_ptr<Cache> OpenSqliteInMemory(const std::string& directory,
                                          CacheOptions options,
                                          SharedClock clock) {
  return Checked(SqliteCache::OpenInMemory(
      ForSqlite(std::move(options), std::move(clock)), directory));
}

std::shared_ptr<Cache> OpenSqliteFile(const std::string& directory,
                                      CacheOptions options, SharedClock clock) {
  return Checked(
      SqliteCache::OpenFile(directory + "/cache.db",
                            ForSqlite(std::move(options), std::move(clock))));
}

// On a connection of the caller's, which lives as long as the cache, and does
// not wait for the disk at each commit.
std::shared_ptr<Cache> OpenSqliteOn(const std::string& directory,
                                    CacheOptions options, SharedClock clock) {
  sqlite3* connection = nullptr;
  EXPECT_EQ(sqlite3_open((directory + "/own.db").c_str(), &connection),
            SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(connection, "PRAGMA synchronous = OFF", nullptr,
                         nullptr, nullptr),
            SQLITE_OK);
  std::shared_ptr<Cache> cache = Checked(SqliteCache::OpenOn(
      connection, ForSqlite(std::move(options), std::move(clock))));
  Cache* const face = cache.get();
  return std::shared_ptr<Cache>(
      face, [cache = std::move(cache), connection](Cache*) mutable {
        cache.reset();
        EXPECT_EQ(sqlite3_close(connection), SQLITE_OK);
      });
}

// One server for all tests of the process, emptied for each.
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

std::shared_ptr<Cache> OpenRedis(const std::string& directory,
                                 CacheOptions options, bool over_tcp) {
  const RedisServer& server = SharedRedis::Get().For(directory);
  RedisCacheOptions all;
  all.cache = std::move(options);
  all.timeout = std::chrono::seconds(60);
  if (over_tcp) {
    all.host = "127.0.0.1";
    all.port = static_cast<uint16_t>(server.port());
  } else {
    all.unix_path = server.socket_path();
  }
  return Checked(RedisCache::Open(std::move(all)));
}

Backend Redis(const char* name, bool over_tcp) {
  return {name,
          [over_tcp](const std::string& directory, CacheOptions options,
                     const SharedClock&) {
            return OpenRedis(directory, std::move(options), over_tcp);
          },
          /*is_shared=*/true,
          [](std::chrono::milliseconds time) {
            SharedRedis::Get().PassTime(time);
          }};
}

// As SharedRedis, of three servers.
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

Backend Memcached(const char* name, size_t servers) {
  return {name,
          [servers](const std::string& directory, CacheOptions options,
                    const SharedClock&) {
            MemcacheCacheOptions all;
            all.cache = std::move(options);
            all.timeout = std::chrono::seconds(60);
            all.servers = SharedMemcached::Get().For(directory, servers);
            return Checked(MemcacheCache::Open(std::move(all)));
          },
          /*is_shared=*/true,
          [](std::chrono::milliseconds time) {
            SharedMemcached::Get().PassTime(time);
          }};
}

}  // namespace

std::vector<Backend> Backends() {
  return {
      {"Map", OpenMap, /*is_shared=*/false},
      {"File", OpenFiles},
      {"SqliteInMemory", OpenSqliteInMemory},
      {"SqliteFile", OpenSqliteFile},
      {"SqliteOnAConnection", OpenSqliteOn},
      Redis("RedisOverUnixSocket", /*over_tcp=*/false),
      Redis("RedisOverTcp", /*over_tcp=*/true),
      Memcached("MemcachedOneServer", 1),
      Memcached("MemcachedThreeServers", 3),
  };
}

}  // namespace appcache
