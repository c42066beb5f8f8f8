// max_database_bytes: which values it takes, and which caches.

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "appcache/sqlite_cache.h"
#include "tests/engine/plain_sqlite.h"
#include "tests/engine/probe.h"

namespace appcache::size_limit_options_test {
namespace {

constexpr uint64_t kLeast = uint64_t{1} << 20;

TEST(SizeLimitOptionsTest, OutOfRangeIsAnInvalidArgumentThatNamesIt) {
  for (const uint64_t value :
       {uint64_t{0}, kLeast - 1, (uint64_t{1} << 62) + 1}) {
    SqliteCacheOptions options;
    options.max_database_bytes = value;
    const Status status = SqliteCache::OpenInMemory(options, "range").status();
    EXPECT_TRUE(status.Is(ErrorCode::kInvalidArgument)) << status.ToString();
    EXPECT_NE(status.ToString().find("max_database_bytes"), std::string::npos);
  }
  SqliteCacheOptions options;
  options.max_database_bytes = uint64_t{1} << 62;
  const auto cache = Must(SqliteCache::OpenInMemory(options, "range"));
  Set(*cache, "a");
  EXPECT_EQ(Get(*cache, "a"), "value");
}

TEST(SizeLimitOptionsTest, AConnectionOfTheCallersIsRefusedIt) {
  const PlainSqlite owner;
  SqliteCacheOptions options;
  options.max_database_bytes = kLeast;
  const Status status = SqliteCache::OpenOn(owner.get(), options).status();
  EXPECT_TRUE(status.Is(ErrorCode::kInvalidArgument)) << status.ToString();
  EXPECT_NE(status.ToString().find("max_page_count"), std::string::npos)
      << status.ToString();
  EXPECT_EQ(owner.Rows("SELECT name FROM sqlite_schema"), Strings());
}

}  // namespace
}  // namespace appcache::size_limit_options_test
