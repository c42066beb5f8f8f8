#include "tests/interface/backends.h"

#include <sqlite3.h>

#include <utility>

#include "engine/sqlite_cache.h"
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

}  // namespace

std::vector<Backend> Backends() {
  return {
      {"Map", OpenMap, /*is_shared=*/false},  {"File", OpenFiles},
      {"SqliteInMemory", OpenSqliteInMemory}, {"SqliteFile", OpenSqliteFile},
      {"SqliteOnAConnection", OpenSqliteOn},
  };
}

}  // namespace appcache
