// MemcacheCache on a real server: what is stored there, its limits, and what it
// costs.

#include "adapters/memcache/memcache_cache.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/servers/memcached_server.h"

namespace appcache {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// What an item takes beside key and value (adapters/memcache/item.h).
constexpr size_t kOverhead = 59;

std::unique_ptr<MemcacheCache> OpenOn(const MemcachedServer& server,
                                      MemcacheCacheOptions options = {}) {
  options.servers[0].unix_path = server.socket_path();
  options.timeout = seconds(60);
  MemcacheCache::Opened opened = MemcacheCache::Open(std::move(options));
  EXPECT_TRUE(opened.ok()) << opened.status().ToString();
  return *std::move(opened);
}

std::string ValueOf(Lookup<Bytes> found) {
  if (found) return std::string(found->view());
  return found.has_error() ? found.status().ToString() : "<miss>";
}

class MemcacheCacheTest : public testing::Test {
 protected:
  std::string Held(const std::string& key) { return server_.Run("get " + key); }

  MemcachedServer server_;
  std::unique_ptr<MemcacheCache> cache_ = OpenOn(server_);
};

// As pyappcache has it.
TEST_F(MemcacheCacheTest, AnEntryIsAnItemUnderItsKeyPath) {
  ASSERT_TRUE(cache_->Set(Key<std::string>("user", 7), "Ada").ok());
  EXPECT_EQ(Held("pyappcache/user/7"),
            "VALUE pyappcache/user/7 0 3\r\nAda\r\nEND");
  EXPECT_EQ(server_.Run("set pyappcache/user/8 16 0 5\r\nGrace"), "STORED");
  EXPECT_EQ(*cache_->Get(Key<std::string>("user", 8)), "Grace");
  ASSERT_TRUE(cache_->SetRaw("Gr\xc3\xbc\xc3\x9f", "v", kNoTtl).ok());
  EXPECT_EQ(Held("Gr\xc3\xbc\xc3\x9f"),
            "VALUE Gr\xc3\xbc\xc3\x9f 0 1\r\nv\r\nEND");
}

TEST_F(MemcacheCacheTest, APathThatIsNoKeyInjectsNothing) {
  const std::string path = "a\r\nset stolen 0 0 1\r\nx\r\nget a";
  ASSERT_TRUE(cache_->SetRaw(path, "v", kNoTtl).ok());
  EXPECT_EQ(ValueOf(cache_->GetRaw(path)), "v");
  EXPECT_TRUE(cache_->TtlRaw(path).is_hit());
  EXPECT_EQ(cache_->GetTimedRaw(path)->value.view(), "v");
  ASSERT_TRUE(cache_->InvalidateRaw(path).ok());
  EXPECT_EQ(ValueOf(cache_->GetRaw(path)), "<miss>");
  EXPECT_FALSE(cache_->GetTimedRaw(path));
  EXPECT_EQ(Held("stolen"), "END");
}

TEST_F(MemcacheCacheTest, AnotherPathsItemUnderTheSameHashIsAMiss) {
  ASSERT_TRUE(cache_->SetRaw("a b", "v", kNoTtl).ok());
  const std::string listing = server_.Listing();
  const std::string key =
      "appcache-hash:1:" + listing.substr(listing.find("%3A1%3A") + 7, 32);
  EXPECT_EQ(Held(key).substr(0, 6), "VALUE ");
  using std::string_literals::operator""s;
  EXPECT_EQ(server_.Run("set " + key + " 0 0 12\r\n" + "apk1\3\0\0\0a cw"s),
            "STORED");
  EXPECT_EQ(ValueOf(cache_->GetRaw("a b")), "<miss>");
  EXPECT_FALSE(cache_->TtlRaw("a b").is_hit());
  EXPECT_FALSE(cache_->GetTimedRaw("a b").is_hit());
  EXPECT_EQ(server_.Run("set " + key + " 0 0 7\r\nforeign"), "STORED");
  EXPECT_EQ(cache_->GetRaw("a b").error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(cache_->TtlRaw("a b").error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(cache_->GetTimedRaw("a b").error().code, ErrorCode::kCorrupt);
  ASSERT_TRUE(cache_->InvalidateRaw("a b").ok());
  EXPECT_EQ(Held(key), "END");
}

// Neither as if there were an entry of the path, nor as if it had been added.
TEST_F(MemcacheCacheTest, AnAddThatMeetsAnotherPathsItemSaysSo) {
  ASSERT_TRUE(*cache_->AddRaw("a b", "v", kNoTtl));
  EXPECT_FALSE(*cache_->AddRaw("a b", "w", kNoTtl));
  const std::string listing = server_.Listing();
  const std::string key =
      "appcache-hash:1:" + listing.substr(listing.find("%3A1%3A") + 7, 32);
  using std::string_literals::operator""s;
  const std::string others = "apk1\3\0\0\0a cw"s;
  EXPECT_EQ(server_.Run("set " + key + " 0 0 12\r\n" + others), "STORED");
  EXPECT_EQ(cache_->AddRaw("a b", "v", kNoTtl).error().code, ErrorCode::kBusy);
  EXPECT_EQ(Held(key), "VALUE " + key + " 0 12\r\n" + others + "\r\nEND");
  EXPECT_EQ(server_.Run("set " + key + " 0 0 7\r\nforeign"), "STORED");
  EXPECT_EQ(cache_->AddRaw("a b", "v", kNoTtl).error().code,
            ErrorCode::kCorrupt);
  EXPECT_EQ(Held(key), "VALUE " + key + " 0 7\r\nforeign\r\nEND");
  ASSERT_TRUE(cache_->InvalidateRaw("a b").ok());
  EXPECT_TRUE(*cache_->AddRaw("a b", "v", kNoTtl));
}

TEST_F(MemcacheCacheTest, ATtlIsMemcachedsOwn) {
  ASSERT_TRUE(cache_->SetRaw("k", "v", milliseconds(90'061)).ok());
  const int64_t left = std::stoll(server_.Run("mg k t").substr(4));
  EXPECT_GT(left, 30);
  EXPECT_LE(left, 92);
  const Lookup<Ttl> told = cache_->TtlRaw("k");
  ASSERT_TRUE(told.is_hit());
  EXPECT_GT(*told, seconds(30));
  EXPECT_LE(*told, seconds(left - 1));
  ASSERT_TRUE(cache_->SetRaw("k", "v", kNoTtl).ok());
  EXPECT_EQ(server_.Run("mg k t"), "HD t-1");
  EXPECT_EQ(*cache_->TtlRaw("k"), kNoTtl);
  EXPECT_FALSE(cache_->TtlRaw("none").is_hit());
  EXPECT_FALSE(cache_->TtlRaw("none").has_error());
}

// Meta gets answer with flags that were not asked for then.
TEST_F(MemcacheCacheTest, AnItemThatAnotherProgramMarkedAsStaleIsStillThere) {
  ASSERT_TRUE(cache_->SetRaw("k", "v", kNoTtl).ok());
  EXPECT_EQ(server_.Run("md k I"), "HD");
  EXPECT_EQ(server_.Run("mg k t"), "HD t-1 X W");
  EXPECT_EQ(ValueOf(cache_->GetRaw("k")), "v");
  EXPECT_EQ(*cache_->TtlRaw("k"), kNoTtl);
  const Lookup<TimedBytes> found = cache_->GetTimedRaw("k");
  ASSERT_TRUE(found.is_hit()) << found.status().ToString();
  EXPECT_EQ(found->value.view(), "v");
}

// Across the border between relative and absolute, and that of 32 bits.
TEST_F(MemcacheCacheTest, ALongTtlIsNotTakenForAnotherOne) {
  constexpr seconds kThirtyDays = std::chrono::hours(24 * 30);
  for (const seconds ttl :
       {kThirtyDays - seconds(1), kThirtyDays, kThirtyDays + seconds(1),
        seconds(std::chrono::hours(24 * 365))}) {
    ASSERT_TRUE(cache_->SetRaw("k", "v", ttl).ok());
    const Lookup<Ttl> told = cache_->TtlRaw("k");
    ASSERT_TRUE(told.is_hit()) << ttl.count();
    EXPECT_LE(*told, ttl + seconds(1));
    EXPECT_GT(*told, ttl - seconds(60));
  }
  for (const Ttl ttl : {Ttl(std::chrono::hours(24 * 365 * 30)), kMaxTtl}) {
    ASSERT_TRUE(cache_->SetRaw("k", "v", ttl).ok());
    EXPECT_EQ(ValueOf(cache_->GetRaw("k")), "v");
    EXPECT_EQ(*cache_->TtlRaw("k"), kNoTtl);
  }
}

TEST_F(MemcacheCacheTest, ATtlOfAMillisecondIsThereAtOnce) {
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(cache_->SetRaw("k", "v", milliseconds(1)).ok());
    EXPECT_EQ(ValueOf(cache_->GetRaw("k")), "v");
  }
}

TEST_F(MemcacheCacheTest, AnEntryEndsWithItsTtl) {
  ASSERT_TRUE(cache_->SetRaw("k", "v", seconds(100)).ok());
  server_.PassTime(seconds(40));
  EXPECT_EQ(ValueOf(cache_->GetRaw("k")), "v");
  server_.PassTime(seconds(62));
  EXPECT_EQ(ValueOf(cache_->GetRaw("k")), "<miss>");
}

// memcached's flush_all has a time of a second's grain, and CAS numbers.
TEST_F(MemcacheCacheTest, ClearRemovesWhatWasThereAndNothingThatComesAfter) {
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(cache_->SetRaw("before", "v", kNoTtl).ok());
    ASSERT_TRUE(cache_->Clear().ok());
    EXPECT_EQ(ValueOf(cache_->GetRaw("before")), "<miss>");
    ASSERT_TRUE(cache_->SetRaw("after", "v", kNoTtl).ok());
    EXPECT_EQ(ValueOf(cache_->GetRaw("after")), "v");
  }
}

// The limit is the server's to the byte: one more is refused before it is sent,
// and one more than that the server would refuse.
TEST_F(MemcacheCacheTest, AValueMayTakeWhatTheServersItemsTake) {
  for (const std::string& path :
       {std::string("k"), std::string(250, 'k'), std::string("a b"),
        std::string(), std::string(5000, 'k')}) {
    const bool is_hashed = path.empty() || path == "a b" || path.size() > 250;
    const size_t key_bytes = is_hashed ? 48 + 8 + path.size() : path.size();
    const std::string fits((size_t{1} << 20) - kOverhead - key_bytes, 'v');
    ASSERT_TRUE(cache_->SetRaw(path, fits, kNoTtl).ok()) << path.size();
    EXPECT_TRUE(ValueOf(cache_->GetRaw(path)) == fits);
    const Status status = cache_->SetRaw(path, fits + "v", kNoTtl);
    EXPECT_TRUE(status.Is(ErrorCode::kTooLarge)) << status.ToString();
    EXPECT_EQ(ValueOf(cache_->GetRaw(path)), "<miss>");
  }
  EXPECT_EQ(server_.Stat("store_too_large"), 0);
  EXPECT_EQ(cache_->Traits().max_value_bytes,
            (size_t{1} << 20) - kOverhead - 1);
}

// A cache that believes more of its server than is so.
TEST_F(MemcacheCacheTest, WhatTheServerRefusesAsTooLargeIsSoAndItsKeyIsEmpty) {
  MemcacheCacheOptions options;
  options.max_item_bytes = size_t{2} << 20;
  const auto other = OpenOn(server_, options);
  ASSERT_TRUE(other->SetRaw("k", "old", kNoTtl).ok());
  const std::string large((size_t{1} << 20) - kOverhead, 'v');
  const std::vector<Cache::RawEntry> entries = {{"k", large}, {"other", "v"}};
  const Status status = other->SetManyRaw(entries);
  EXPECT_TRUE(status.Is(ErrorCode::kTooLarge)) << status.ToString();
  EXPECT_EQ(server_.Stat("store_too_large"), 1);
  EXPECT_EQ(ValueOf(other->GetRaw("k")), "<miss>");
  EXPECT_EQ(ValueOf(other->GetRaw("other")), "v");
}

// Unlike a set's.
TEST_F(MemcacheCacheTest, WhatTheServerRefusesToAddLeavesTheOldValue) {
  MemcacheCacheOptions options;
  options.max_item_bytes = size_t{2} << 20;
  const auto other = OpenOn(server_, options);
  ASSERT_TRUE(other->SetRaw("k", "old", kNoTtl).ok());
  const std::string large((size_t{1} << 20) - kOverhead, 'v');
  for (const char* const path : {"k", "none", "a b"}) {
    const Result<bool> added = other->AddRaw(path, large, kNoTtl);
    EXPECT_TRUE(added.status().Is(ErrorCode::kTooLarge))
        << added.status().ToString();
  }
  EXPECT_EQ(server_.Stat("store_too_large"), 3);
  EXPECT_EQ(ValueOf(other->GetRaw("k")), "old");
  EXPECT_EQ(ValueOf(other->GetRaw("none")), "<miss>");
  EXPECT_EQ(ValueOf(other->GetRaw("a b")), "<miss>");
}

TEST(MemcacheLimitsTest, ALargerServerTakesLargerItems) {
  MemcachedServer server({"-I", "4m"});
  MemcacheCacheOptions options;
  options.max_item_bytes = size_t{4} << 20;
  const auto large = OpenOn(server, options);
  const std::string fits((size_t{4} << 20) - kOverhead - 1, 'v');
  ASSERT_TRUE(large->SetRaw("k", fits, kNoTtl).ok());
  EXPECT_TRUE(ValueOf(large->GetRaw("k")) == fits);
  EXPECT_TRUE(large->SetRaw("k", fits + "v", kNoTtl).Is(ErrorCode::kTooLarge));
  EXPECT_EQ(server.Stat("store_too_large"), 0);
  // To a cache with the usual limit such a value is too large.
  ASSERT_TRUE(large->SetRaw("k", fits, kNoTtl).ok());
  const auto usual = OpenOn(server);
  EXPECT_EQ(usual->GetRaw("k").error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(ValueOf(usual->GetRaw("none")), "<miss>");
}

TEST_F(MemcacheCacheTest, AKeyMayHaveAQuarterOfAMebibyte) {
  const std::string longest(size_t{256} << 10, 'k');
  EXPECT_EQ(cache_->Traits().max_key_bytes, longest.size());
  ASSERT_TRUE(cache_->SetRaw(longest, "v", seconds(60)).ok());
  EXPECT_EQ(ValueOf(cache_->GetRaw(longest)), "v");
  EXPECT_TRUE(cache_->TtlRaw(longest).is_hit());
  const std::string longer = longest + "k";
  const std::vector<std::string_view> paths = {longer};
  EXPECT_EQ(cache_->GetRaw(longer).error().code, ErrorCode::kInvalidKey);
  EXPECT_EQ(cache_->TtlRaw(longer).error().code, ErrorCode::kInvalidKey);
  EXPECT_EQ(cache_->GetManyRaw(paths)[0].error().code, ErrorCode::kInvalidKey);
  EXPECT_TRUE(cache_->SetRaw(longer, "v", kNoTtl).Is(ErrorCode::kInvalidKey));
  EXPECT_TRUE(cache_->InvalidateRaw(longer).Is(ErrorCode::kInvalidKey));
}

TEST(MemcacheLimitsTest, AServerThatMayNotEvictIsFullAndItsKeyIsEmpty) {
  MemcachedServer server({"-M", "-m", "8"});
  const auto cache = OpenOn(server);
  Status status;
  int stored = 0;
  const std::string value(100'000, 'v');
  for (; status.ok() && stored < 10'000; ++stored) {
    status = cache->SetRaw("k" + std::to_string(stored), value, kNoTtl);
  }
  EXPECT_TRUE(status.Is(ErrorCode::kFull)) << status.ToString();
  EXPECT_EQ(ValueOf(cache->GetRaw("k" + std::to_string(stored - 1))), "<miss>");
  EXPECT_TRUE(ValueOf(cache->GetRaw("k0")) == value);
  EXPECT_TRUE(cache->AddRaw("k1", value, kNoTtl).status().Is(ErrorCode::kFull));
  EXPECT_TRUE(ValueOf(cache->GetRaw("k1")) == value);
}

TEST_F(MemcacheCacheTest, ABatchMayBeOfAnySize) {
  constexpr int kEntries = 20'000;
  const std::string padding(300, '.');
  std::vector<std::string> paths;
  std::vector<std::string> values;
  for (int i = 0; i < kEntries; ++i) {
    // Every third is hashed.
    paths.push_back(std::string(i % 3 == 0 ? "a path " : "path") +
                    std::string(100, '/') + std::to_string(i));
    values.push_back(std::to_string(i) + padding);
  }
  std::vector<std::string_view> views(paths.begin(), paths.end());
  std::vector<Cache::RawEntry> entries;
  for (int i = 0; i < kEntries; ++i) entries.push_back({paths[i], values[i]});
  ASSERT_TRUE(cache_->SetManyRaw(entries).ok());
  views.insert(views.begin() + 7, "none");
  views.insert(views.begin() + 7, "none");
  views.push_back(paths[0]);
  std::vector<Lookup<Bytes>> found = cache_->GetManyRaw(views);
  ASSERT_EQ(found.size(), views.size());
  EXPECT_EQ(ValueOf(found.back()), values[0]);
  EXPECT_EQ(ValueOf(found[7]), "<miss>");
  EXPECT_EQ(ValueOf(found[8]), "<miss>");
  found.erase(found.begin() + 7, found.begin() + 9);
  for (int i = 0; i < kEntries; ++i) ASSERT_EQ(ValueOf(found[i]), values[i]);
  ASSERT_TRUE(cache_->InvalidateManyRaw(views).ok());
  EXPECT_EQ(server_.Stat("curr_items"), 0);
}

TEST_F(MemcacheCacheTest, CountsWhatItDoes) {
  ASSERT_TRUE(cache_->SetRaw("a", "v", kNoTtl).ok());
  EXPECT_FALSE(cache_->SetRaw("b", std::string(2 << 20, 'v'), kNoTtl).ok());
  (void)cache_->GetRaw("a").is_hit();
  (void)cache_->GetRaw("b").is_hit();
  ASSERT_TRUE(cache_->InvalidateRaw("a").ok());
  EXPECT_TRUE(*cache_->AddRaw("a", "v", kNoTtl));
  EXPECT_FALSE(*cache_->AddRaw("a", "v", kNoTtl));
  EXPECT_FALSE(cache_->AddRaw("b", std::string(2 << 20, 'v'), kNoTtl).ok());
  const CacheStats stats = cache_->Stats();
  EXPECT_EQ(stats.hits, 1u);
  EXPECT_EQ(stats.misses, 1u);
  EXPECT_EQ(stats.read_errors, 0u);
  EXPECT_EQ(stats.sets, 2u);
  EXPECT_EQ(stats.write_errors, 2u);
  EXPECT_EQ(stats.invalidations, 1u);
  EXPECT_FALSE(stats.entries.has_value());
}

TEST_F(MemcacheCacheTest, TellsItsTraitsAndItsServersVersion) {
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
}  // namespace appcache
