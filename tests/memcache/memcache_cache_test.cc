// MemcacheCache on a real server: how entries are stored, hashed paths, batches
// and statistics.

#include "appcache/memcache_cache.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "tests/memcache/memcache_fixture.h"
#include "tests/servers/memcached_server.h"

namespace appcache::memcache_cache_test {
namespace {

using std::chrono::seconds;
using std::string_literals::operator""s;

using MemcacheCacheTest = MemcacheTest;

// The shortest path of this kind that is hashed.
const std::string kLongPath(251, 'k');

// The key of the only item on the server, which is hashed.
std::string OnlyHashedKey(MemcachedServer& server) {
  const std::string listing = server.Listing();
  return "appcache-hash:1:" + listing.substr(listing.find("%3A1%3A") + 7, 32);
}

// pyappcache stores entries the same way.
TEST_F(MemcacheCacheTest, EntryIsAnItemUnderItsKeyPath) {
  ASSERT_TRUE(cache_->Set(Key<std::string>("user", 7), "Ada").ok());
  EXPECT_EQ(Stored("pyappcache/user/7"),
            "VALUE pyappcache/user/7 0 3\r\nAda\r\nEND");
  EXPECT_EQ(server_.Run("set pyappcache/user/8 16 0 5\r\nGrace"), "STORED");
  EXPECT_EQ(*cache_->Get(Key<std::string>("user", 8)), "Grace");
  ASSERT_TRUE(backend_->SetRaw("Gr\xc3\xbc\xc3\x9f", "v", kNoTtl).ok());
  EXPECT_EQ(Stored("Gr\xc3\xbc\xc3\x9f"),
            "VALUE Gr\xc3\xbc\xc3\x9f 0 1\r\nv\r\nEND");
}

TEST_F(MemcacheCacheTest, PathWithLineEndsInjectsNoCommand) {
  const std::string path = "a\r\nset stolen 0 0 1\r\nx\r\nget a";
  ASSERT_TRUE(backend_->SetRaw(path, "v", kNoTtl).ok());
  EXPECT_EQ(ValueOf(backend_->GetRaw(path)), "v");
  EXPECT_TRUE(backend_->TtlRaw(path).is_hit());
  EXPECT_EQ(backend_->GetTimedRaw(path)->value.view(), "v");
  ASSERT_TRUE(backend_->InvalidateRaw(path).ok());
  EXPECT_EQ(ValueOf(backend_->GetRaw(path)), "<miss>");
  EXPECT_FALSE(backend_->GetTimedRaw(path));
  EXPECT_EQ(Stored("stolen"), "END");
}

TEST_F(MemcacheCacheTest, ItemOfAnotherPathWithTheSameHashIsAMiss) {
  ASSERT_TRUE(backend_->SetRaw(kLongPath, "v", kNoTtl).ok());
  const std::string key = OnlyHashedKey(server_);
  EXPECT_EQ(Stored(key).substr(0, 6), "VALUE ");
  EXPECT_EQ(server_.Run("set " + key + " 0 0 12\r\n" + "apk1\3\0\0\0a cw"s),
            "STORED");
  EXPECT_EQ(ValueOf(backend_->GetRaw(kLongPath)), "<miss>");
  EXPECT_FALSE(backend_->TtlRaw(kLongPath).is_hit());
  EXPECT_FALSE(backend_->GetTimedRaw(kLongPath).is_hit());
  EXPECT_EQ(server_.Run("set " + key + " 0 0 7\r\nforeign"), "STORED");
  EXPECT_EQ(backend_->GetRaw(kLongPath).error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(backend_->TtlRaw(kLongPath).error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(backend_->GetTimedRaw(kLongPath).error().code, ErrorCode::kCorrupt);
  ASSERT_TRUE(backend_->InvalidateRaw(kLongPath).ok());
  EXPECT_EQ(Stored(key), "END");
}

// The add must report neither an existing entry of the path nor success.
TEST_F(MemcacheCacheTest, AddFailsIfAnotherPathWithTheSameHashHasAnItem) {
  ASSERT_TRUE(*backend_->AddRaw(kLongPath, "v", kNoTtl));
  EXPECT_FALSE(*backend_->AddRaw(kLongPath, "w", kNoTtl));
  const std::string key = OnlyHashedKey(server_);
  const std::string others_item = "apk1\3\0\0\0a cw"s;
  EXPECT_EQ(server_.Run("set " + key + " 0 0 12\r\n" + others_item), "STORED");
  EXPECT_EQ(backend_->AddRaw(kLongPath, "v", kNoTtl).error().code,
            ErrorCode::kBusy);
  EXPECT_EQ(Stored(key),
            "VALUE " + key + " 0 12\r\n" + others_item + "\r\nEND");
  EXPECT_EQ(server_.Run("set " + key + " 0 0 7\r\nforeign"), "STORED");
  EXPECT_EQ(backend_->AddRaw(kLongPath, "v", kNoTtl).error().code,
            ErrorCode::kCorrupt);
  EXPECT_EQ(Stored(key), "VALUE " + key + " 0 7\r\nforeign\r\nEND");
  ASSERT_TRUE(backend_->InvalidateRaw(kLongPath).ok());
  EXPECT_TRUE(*backend_->AddRaw(kLongPath, "v", kNoTtl));
}

// flush_all counts in seconds, so entries of the same second must be
// distinguished by their CAS numbers.
TEST_F(MemcacheCacheTest, ClearRemovesEarlierEntriesOnly) {
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(backend_->SetRaw("before", "v", kNoTtl).ok());
    ASSERT_TRUE(cache_->Clear().ok());
    EXPECT_EQ(ValueOf(backend_->GetRaw("before")), "<miss>");
    ASSERT_TRUE(backend_->SetRaw("after", "v", kNoTtl).ok());
    EXPECT_EQ(ValueOf(backend_->GetRaw("after")), "v");
  }
}

TEST_F(MemcacheCacheTest, BatchMayHaveAnySize) {
  constexpr int kEntries = 20'000;
  const std::string padding(300, '.');
  std::vector<std::string> paths;
  std::vector<std::string> values;
  for (int i = 0; i < kEntries; ++i) {
    // The key of every third path is hashed, and of others in base64.
    paths.push_back(std::string(i % 5 == 0 ? "a path " : "path") +
                    std::string(i % 3 == 0 ? 250 : 100, '/') +
                    std::to_string(i));
    values.push_back(std::to_string(i) + padding);
  }
  std::vector<std::string_view> views(paths.begin(), paths.end());
  std::vector<RawEntry> entries;
  for (int i = 0; i < kEntries; ++i) entries.push_back({paths[i], values[i]});
  ASSERT_TRUE(backend_->SetManyRaw(entries).ok());
  views.insert(views.begin() + 7, "none");
  views.insert(views.begin() + 7, "none");
  views.push_back(paths[0]);
  std::vector<Lookup<Bytes>> found = backend_->GetManyRaw(views);
  ASSERT_EQ(found.size(), views.size());
  EXPECT_EQ(ValueOf(found.back()), values[0]);
  EXPECT_EQ(ValueOf(found[7]), "<miss>");
  EXPECT_EQ(ValueOf(found[8]), "<miss>");
  found.erase(found.begin() + 7, found.begin() + 9);
  for (int i = 0; i < kEntries; ++i) ASSERT_EQ(ValueOf(found[i]), values[i]);
  ASSERT_TRUE(backend_->InvalidateManyRaw(views).ok());
  EXPECT_EQ(server_.Stat("curr_items"), 0);
}

TEST_F(MemcacheCacheTest, StatsCountOperations) {
  ASSERT_TRUE(backend_->SetRaw("a", "v", kNoTtl).ok());
  EXPECT_FALSE(backend_->SetRaw("b", std::string(2 << 20, 'v'), kNoTtl).ok());
  (void)backend_->GetRaw("a").is_hit();
  (void)backend_->GetRaw("b").is_hit();
  ASSERT_TRUE(backend_->InvalidateRaw("a").ok());
  EXPECT_TRUE(*backend_->AddRaw("a", "v", kNoTtl));
  EXPECT_FALSE(*backend_->AddRaw("a", "v", kNoTtl));
  EXPECT_FALSE(backend_->AddRaw("b", std::string(2 << 20, 'v'), kNoTtl).ok());
  const CacheStats stats = cache_->Stats();
  EXPECT_EQ(stats.hits, 1u);
  EXPECT_EQ(stats.misses, 1u);
  EXPECT_EQ(stats.read_errors, 0u);
  EXPECT_EQ(stats.sets, 2u);
  EXPECT_EQ(stats.write_errors, 2u);
  EXPECT_EQ(stats.invalidations, 1u);
  EXPECT_FALSE(stats.entries.has_value());
}

TEST_F(MemcacheCacheTest, TraitsNameTheServerAndPingReturnsItsVersion) {
  const BackendTraits traits = cache_->Traits();
  EXPECT_EQ(traits.name, "memcached");
  EXPECT_EQ(traits.location, server_.socket_path());
  EXPECT_EQ(traits.ttl_resolution, seconds(1));
  EXPECT_NE(traits.cleared.find("flush_all"), std::string::npos);
  const Result<std::string> version = cache_->Ping();
  ASSERT_TRUE(version.ok()) << version.status().ToString();
  EXPECT_EQ("VERSION " + version->substr(std::string("memcached ").size()),
            server_.Run("version"));
}

}  // namespace
}  // namespace appcache::memcache_cache_test
