#include <gtest/gtest.h>
#include <sqlite3.h>

#include <memory>
#include <string>
#include <utility>

#include "appcache/sqlite_cache.h"
#include "appcache/testing/conformance.h"
#include "tests/conformance/opened.h"

namespace appcache {
namespace {

SqliteCacheOptions OptionsOf(CacheOptions options, SharedClock clock) {
  SqliteCacheOptions all;
  all.cache = std::move(options);
  all.clock = std::move(clock);
  return all;
}

// The directory is a name that is unique to the test.
std::shared_ptr<Cache> OpenInMemory(const std::string& directory,
                                    CacheOptions options, SharedClock clock) {
  return Opened(SqliteCache::OpenInMemory(
      OptionsOf(std::move(options), std::move(clock)), directory));
}

std::shared_ptr<Cache> OpenFile(const std::string& directory,
                                CacheOptions options, SharedClock clock) {
  return Opened(
      SqliteCache::OpenFile(directory + "/cache.db",
                            OptionsOf(std::move(options), std::move(clock))));
}

// On a connection that the caller owns. It is closed after the cache, and does
// not wait for the disk at each commit.
std::shared_ptr<Cache> OpenOn(const std::string& directory,
                              CacheOptions options, SharedClock clock) {
  sqlite3* connection = nullptr;
  EXPECT_EQ(sqlite3_open((directory + "/own.db").c_str(), &connection),
            SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(connection, "PRAGMA synchronous = OFF", nullptr,
                         nullptr, nullptr),
            SQLITE_OK);
  std::shared_ptr<Cache> cache = Opened(SqliteCache::OpenOn(
      connection, OptionsOf(std::move(options), std::move(clock))));
  Cache* const face = cache.get();
  return std::shared_ptr<Cache>(
      face, [cache = std::move(cache), connection](Cache*) mutable {
        cache.reset();
        EXPECT_EQ(sqlite3_close(connection), SQLITE_OK);
      });
}

INSTANTIATE_TEST_SUITE_P(
    Sqlite, ConformanceTest,
    testing::Values(BackendUnderTest{"InMemory", OpenInMemory},
                    BackendUnderTest{"File", OpenFile},
                    BackendUnderTest{"OnAConnection", OpenOn}),
    NameOfBackend);

}  // namespace
}  // namespace appcache
