// Any bytes make a key, up to the limit.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "appcache/sqlite_cache.h"
#include "tests/engine/plain_sqlite.h"
#include "tests/engine/probe.h"
#include "tests/engine/scratch.h"

namespace appcache::hostile_keys_test {
namespace {

using std::string_view_literals::operator""sv;

constexpr size_t kMaxKeyBytes = SqliteCache::kMaxKeyBytes;

class HostileKeysTest : public testing::Test {
 protected:
  void ExpectInvalid(const Status& status) {
    EXPECT_TRUE(status.Is(ErrorCode::kInvalidKey)) << status.ToString();
    EXPECT_NE(status.ToString().find("the limit is 1048576"), std::string::npos)
        << status.ToString();
  }

  const std::unique_ptr<SqliteCache> cache_ =
      Must(SqliteCache::OpenInMemory({}, "hostile keys"));
};

TEST_F(HostileKeysTest, AGetOfAKeyThatIsTooLongIsAReadError) {
  const Scratch scratch;
  const auto file = Must(SqliteCache::OpenFile(scratch.Path("cache.db")));
  const std::string path(kMaxKeyBytes + 1, 'k');
  for (SqliteCache* const cache : {cache_.get(), file.get()}) {
    ExpectInvalid(cache->backend()->GetRaw(path).status());
    const CacheStats stats = cache->Stats();
    EXPECT_EQ(stats.misses, 1u);
    EXPECT_EQ(stats.read_errors, 1u);
  }
}

TEST_F(HostileKeysTest, AreDistinctAndKeptAsTheyAre) {
  std::vector<std::string> paths = {"",
                                    "/",
                                    "//",
                                    "a/b",
                                    "a//b",
                                    "a/b/",
                                    "/a/b",
                                    "a",
                                    "A",
                                    " ",
                                    "a ",
                                    "a\n",
                                    "%00",
                                    "'; DROP TABLE entries; --",
                                    "\"",
                                    "\xff\xfe",
                                    "\xc3\xa4",
                                    "a\xcc\x88",
                                    std::string("\0", 1),
                                    std::string("\0\0", 2),
                                    std::string("a\0b", 3),
                                    std::string("a\0c", 3),
                                    std::string(1000, 'a'),
                                    std::string(1000, '\0')};
  for (int byte = 0; byte < 256; ++byte) {
    const std::string path(1, static_cast<char>(byte));
    if (path != "/" && path != " " && path != "a" && path != "A" &&
        path != "\"" && byte != 0) {
      paths.push_back(path);
    }
  }
  for (size_t i = 0; i < paths.size(); ++i) {
    Set(*cache_, paths[i], std::to_string(i));
  }
  for (size_t i = 0; i < paths.size(); ++i) {
    EXPECT_EQ(Get(*cache_, paths[i]), std::to_string(i)) << paths[i];
  }
  EXPECT_EQ(PathsIn(*cache_), StringSet(paths.begin(), paths.end()));
  for (size_t i = 0; i < paths.size(); i += 2) {
    EXPECT_TRUE(cache_->backend()->InvalidateRaw(paths[i]).ok());
  }
  for (size_t i = 0; i < paths.size(); ++i) {
    EXPECT_EQ(Get(*cache_, paths[i]),
              i % 2 == 0 ? "<miss>" : std::to_string(i));
  }
  EXPECT_EQ(ProblemsIn(*cache_), Strings());
}

TEST_F(HostileKeysTest, TheLongestWorks) {
  std::string path(kMaxKeyBytes, 'k');
  Set(*cache_, path);
  EXPECT_EQ(Get(*cache_, path), "value");
  EXPECT_TRUE(cache_->backend()->TtlRaw(path));
  EXPECT_TRUE(cache_->backend()->GetTimedRaw(path));
  path.back() = 'x';
  EXPECT_EQ(Get(*cache_, path), "<miss>");
  path.back() = 'k';
  EXPECT_TRUE(cache_->backend()->InvalidateRaw(path).ok());
  EXPECT_EQ(Get(*cache_, path), "<miss>");
}

TEST_F(HostileKeysTest, OneByteMoreIsInvalid) {
  const std::string path(kMaxKeyBytes + 1, 'k');
  ExpectInvalid(cache_->backend()->SetRaw(path, "value", kNoTtl));
  ExpectInvalid(cache_->backend()->GetRaw(path).status());
  ExpectInvalid(cache_->backend()->TtlRaw(path).status());
  ExpectInvalid(cache_->backend()->InvalidateRaw(path));
  EXPECT_EQ(PathsIn(*cache_), StringSet());
}

TEST_F(HostileKeysTest, OneThatIsTooLongLeavesItsBatchUndone) {
  const std::string path(kMaxKeyBytes + 1, 'k');
  Set(*cache_, "a", "old");
  const RawEntry entries[] = {{"a", "new"}, {path, "new"}};
  ExpectInvalid(cache_->backend()->SetManyRaw(entries));
  EXPECT_EQ(Get(*cache_, "a"), "old");
  const std::string_view paths[] = {"a"sv, path};
  ExpectInvalid(cache_->backend()->InvalidateManyRaw(paths));
  EXPECT_EQ(Get(*cache_, "a"), "old");
  const std::vector<Lookup<Bytes>> found = cache_->backend()->GetManyRaw(paths);
  EXPECT_EQ(found[0]->view(), "old");
  ExpectInvalid(found[1].status());
}

TEST_F(HostileKeysTest, AnyPrefixWorks) {
  for (const std::string_view prefix : {""sv, "/"sv, "a\0b"sv, "%"sv}) {
    SqliteCacheOptions options;
    options.cache.prefix = prefix;
    const auto cache = Must(SqliteCache::OpenInMemory(options, "prefixes"));
    EXPECT_TRUE(cache->SetByStr("key", std::string(prefix)).ok());
    EXPECT_EQ(*cache->GetByStr<std::string>("key"), prefix);
    EXPECT_EQ(PathsIn(*cache), StringSet{std::string(prefix) + "/key"});
  }
}

// Two paths under one hash: the later set replaces the earlier, and neither is
// ever taken for the other. (Made by hand: nobody can choose such paths.)
TEST(CollidingKeysTest, AreNeverTakenForEachOther) {
  const Scratch scratch;
  const std::string file = scratch.Path("cache.db");
  const auto cache = Must(SqliteCache::OpenFile(file));
  Set(*cache, "a", "of a");
  PlainSqlite(file).Run("UPDATE entries SET key = CAST('b' AS BLOB)");
  EXPECT_EQ(Get(*cache, "a"), "<miss>");
  EXPECT_FALSE(cache->backend()->TtlRaw("a"));
  EXPECT_TRUE(cache->backend()->InvalidateRaw("a").ok());
  EXPECT_EQ(PathsIn(*cache), StringSet{"b"});
  Set(*cache, "a", "of a");
  EXPECT_EQ(Get(*cache, "a"), "of a");
  EXPECT_EQ(PathsIn(*cache), StringSet{"a"});
  EXPECT_EQ(cache->Stats().entries, 1u);
  EXPECT_EQ(cache->Stats().bytes, 5u);
  EXPECT_EQ(ProblemsIn(*cache), Strings());
}

}  // namespace
}  // namespace appcache::hostile_keys_test
