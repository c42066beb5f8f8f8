// RedisCache on a real server: what it stores there, and the number of round
// trips.

#include "appcache/redis_cache.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/servers/redis_server.h"
#include "tests/servers/results.h"

namespace appcache::redis_cache_test {
namespace {

using std::chrono::milliseconds;

// Time enough for a call on a busy machine.
constexpr std::chrono::minutes kPatience{1};

class RedisCacheTest : public testing::Test {
 protected:
  std::unique_ptr<RedisCache> Open(RedisCacheOptions options = {}) {
    options.unix_path = server_.socket_path();
    options.timeout = options.connect_timeout = kPatience;
    RedisCache::Opened opened = RedisCache::Open(std::move(options));
    EXPECT_TRUE(opened.ok()) << opened.status().ToString();
    return *std::move(opened);
  }

  // The number of requests that `calls()` sends.
  template <class Calls>
  int64_t RoundTripsOf(const Calls& calls) {
    const int64_t before = server_.Info("stats", "total_reads_processed");
    calls();
    return server_.Info("stats", "total_reads_processed") - before - 1;
  }

  RedisServer server_;
  const std::unique_ptr<RedisCache> cache_ = Open();
  const std::shared_ptr<Backend> backend_ = cache_->backend();
};

// pyappcache stores the same.
TEST_F(RedisCacheTest, EntryIsAStringUnderItsKeyPath) {
  ASSERT_TRUE(cache_->Set(Key<std::string>("user", 7), "Ada").ok());
  EXPECT_EQ(server_.Run("GET pyappcache/user/7"), "Ada");
  EXPECT_EQ(server_.Run("PTTL pyappcache/user/7"), ":-1");
  EXPECT_EQ(server_.Run("SET pyappcache/user/8 Grace"), "OK");
  EXPECT_EQ(*cache_->Get(Key<std::string>("user", 8)), "Grace");
  ASSERT_TRUE(cache_->Set(Key<int>("count"), 41).ok());
  EXPECT_EQ(server_.Run("INCR pyappcache/count"), ":42");
  EXPECT_EQ(*cache_->Get(Key<int>("count")), 42);
}

TEST_F(RedisCacheTest, TtlIsThatOfRedis) {
  ASSERT_TRUE(backend_->SetRaw("k", "v", milliseconds(90'061)).ok());
  const int64_t left = std::stoll(server_.Run("PTTL k").substr(1));
  EXPECT_GT(left, 30'000);
  EXPECT_LE(left, 90'061);
  const Lookup<Ttl> ttl = backend_->TtlRaw("k");
  ASSERT_TRUE(ttl.is_hit());
  EXPECT_GT(*ttl, milliseconds(30'000));
  EXPECT_LE(*ttl, milliseconds(left));
  ASSERT_TRUE(backend_->SetRaw("k", "v", kNoTtl).ok());
  EXPECT_EQ(server_.Run("PTTL k"), ":-1");
  EXPECT_EQ(*backend_->TtlRaw("k"), kNoTtl);
  EXPECT_FALSE(backend_->TtlRaw("none").is_hit());
  EXPECT_TRUE(backend_->SetRaw("k", "v", kMaxTtl).ok());
}

// Between two commands, another client could replace the value and its ttl.
TEST_F(RedisCacheTest, TimedGetIsOneTransaction) {
  ASSERT_TRUE(backend_->SetRaw("a", "v", milliseconds(90'061)).ok());
  ASSERT_TRUE(backend_->SetRaw("b", "w", kNoTtl).ok());
  EXPECT_EQ(server_.Run("CONFIG RESETSTAT"), "OK");
  const Lookup<TimedBytes> one = backend_->GetTimedRaw("a");
  ASSERT_TRUE(one.is_hit());
  EXPECT_EQ(one->value.view(), "v");
  EXPECT_GT(one->remaining_ttl, milliseconds(30'000));
  EXPECT_LE(one->remaining_ttl, milliseconds(90'061));
  const auto many = backend_->GetManyTimedRaw(
      std::vector<std::string_view>{"b", "none", "a"});
  EXPECT_EQ(many[0]->value.view(), "w");
  EXPECT_EQ(many[0]->remaining_ttl, kNoTtl);
  EXPECT_FALSE(many[1].is_hit() || many[1].has_error());
  EXPECT_EQ(many[2]->value.view(), "v");
  const std::string stats = server_.Run("INFO commandstats");
  for (const std::string_view calls :
       {"cmdstat_multi:calls=2,", "cmdstat_exec:calls=2,",
        "cmdstat_get:calls=1,", "cmdstat_mget:calls=1,",
        "cmdstat_pttl:calls=4,"}) {
    EXPECT_NE(stats.find(calls), std::string::npos) << calls << "\n" << stats;
  }
}

TEST_F(RedisCacheTest, EntryExpiresWithItsTtl) {
  ASSERT_TRUE(backend_->SetRaw("k", "v", milliseconds(100'000)).ok());
  server_.PassTime(milliseconds(40'000));
  EXPECT_EQ(ValueOf(backend_->GetRaw("k")), "v");
  server_.PassTime(milliseconds(60'000));
  EXPECT_EQ(ValueOf(backend_->GetRaw("k")), "<miss>");
}

TEST_F(RedisCacheTest, ClearFlushesOnlyItsDatabase) {
  RedisCacheOptions options;
  options.database = 3;
  const auto other = Open(options);
  ASSERT_TRUE(backend_->SetRaw("a", "0", kNoTtl).ok());
  ASSERT_TRUE(other->backend()->SetRaw("a", "3", kNoTtl).ok());
  ASSERT_TRUE(cache_->Clear().ok());
  EXPECT_EQ(server_.Run("DBSIZE"), ":0");
  EXPECT_EQ(ValueOf(other->backend()->GetRaw("a")), "3");
}

TEST_F(RedisCacheTest, EveryCallTakesOneRoundTrip) {
  ASSERT_TRUE(backend_->GetRaw("connects").status().ok());
  std::vector<std::string> paths;
  std::vector<std::string_view> views;
  std::vector<RawEntry> entries;
  for (int i = 0; i < 100; ++i) paths.push_back("path/" + std::to_string(i));
  for (const std::string& path : paths) {
    views.push_back(path);
    entries.push_back({path, "value", milliseconds(60'000)});
  }
  EXPECT_EQ(RoundTripsOf([&] { (void)backend_->GetRaw("a").is_hit(); }), 1);
  EXPECT_EQ(
      RoundTripsOf([&] { (void)backend_->SetRaw("a", "v", kNoTtl).ok(); }), 1);
  EXPECT_EQ(RoundTripsOf([&] { (void)backend_->SetManyRaw(entries).ok(); }), 1);
  EXPECT_EQ(RoundTripsOf([&] {
              for (const auto& found : backend_->GetManyRaw(views)) {
                EXPECT_TRUE(found.is_hit());
              }
            }),
            1);
  EXPECT_EQ(
      RoundTripsOf([&] { (void)backend_->InvalidateManyRaw(views).ok(); }), 1);
  EXPECT_EQ(server_.Run("DBSIZE"), ":1");
  EXPECT_EQ(RoundTripsOf([&] {
              (void)backend_->GetManyRaw({}).empty();
              (void)backend_->SetManyRaw({}).ok();
              (void)backend_->InvalidateManyRaw({}).ok();
            }),
            0);
}

TEST_F(RedisCacheTest, BatchMayBeLargerThanOneCommand) {
  constexpr int kEntries = 10'000;
  std::vector<std::string> paths;
  std::vector<std::string_view> views;
  std::vector<RawEntry> entries;
  for (int i = 0; i < kEntries; ++i) paths.push_back(std::to_string(i));
  for (const std::string& path : paths) {
    views.push_back(path);
    entries.push_back({path, path});
  }
  ASSERT_TRUE(backend_->SetManyRaw(entries).ok());
  const std::vector<Lookup<Bytes>> found = backend_->GetManyRaw(views);
  ASSERT_EQ(found.size(), paths.size());
  for (int i = 0; i < kEntries; ++i) {
    ASSERT_TRUE(found[i].is_hit());
    ASSERT_EQ(found[i]->view(), paths[i]);
  }
  ASSERT_TRUE(backend_->InvalidateManyRaw(views).ok());
  EXPECT_EQ(server_.Run("DBSIZE"), ":0");
}

TEST_F(RedisCacheTest, KeyThatHoldsAListIsCorruptAndInABatchAMiss) {
  EXPECT_EQ(server_.Run("LPUSH list element"), ":1");
  ASSERT_TRUE(backend_->SetRaw("a", "v", kNoTtl).ok());
  const Lookup<Bytes> found = backend_->GetRaw("list");
  ASSERT_TRUE(found.has_error());
  EXPECT_EQ(found.error().code, ErrorCode::kCorrupt);
  const std::vector<std::string_view> paths = {"list", "a"};
  const auto both = backend_->GetManyRaw(paths);
  EXPECT_FALSE(both[0].is_hit());
  EXPECT_EQ(ValueOf(both[1]), "v");
  EXPECT_EQ(backend_->GetTimedRaw("list").error().code, ErrorCode::kCorrupt);
  const auto both_timed = backend_->GetManyTimedRaw(paths);
  EXPECT_FALSE(both_timed[0].is_hit() || both_timed[0].has_error());
  EXPECT_TRUE(both_timed[1].is_hit());
  // A set replaces it.
  ASSERT_TRUE(backend_->SetRaw("list", "v", kNoTtl).ok());
  EXPECT_EQ(ValueOf(backend_->GetRaw("list")), "v");
}

TEST_F(RedisCacheTest, ValueThatIsTooLargeIsNotSentAndEmptiesItsKey) {
  constexpr size_t kSize = (size_t{512} << 20) + 1;
  void* const memory = mmap(nullptr, kSize, PROT_NONE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  const std::string_view huge(static_cast<const char*>(memory), kSize);
  ASSERT_TRUE(backend_->SetRaw("a", "old", kNoTtl).ok());
  EXPECT_EQ(cache_->Traits().max_key_bytes, kSize - 1);
  EXPECT_EQ(cache_->Traits().max_value_bytes, kSize - 1);
  const std::vector<RawEntry> entries = {{"a", huge}, {"b", "is stored"}};
  const Status status = backend_->SetManyRaw(entries);
  EXPECT_TRUE(status.Is(ErrorCode::kTooLarge)) << status.ToString();
  EXPECT_EQ(ValueOf(backend_->GetRaw("a")), "<miss>");
  EXPECT_EQ(ValueOf(backend_->GetRaw("b")), "is stored");
  EXPECT_EQ(backend_->GetRaw(huge).error().code, ErrorCode::kInvalidKey);
  EXPECT_TRUE(backend_->SetRaw(huge, "v", kNoTtl).Is(ErrorCode::kInvalidKey));
  EXPECT_TRUE(backend_->InvalidateRaw(huge).Is(ErrorCode::kInvalidKey));
  EXPECT_EQ(munmap(memory, kSize), 0);
}

TEST_F(RedisCacheTest, LargeValueIsTransferred) {
  std::string large(16 << 20, 'x');
  for (size_t i = 0; i < large.size(); i += 4093) large[i] = '\n';
  ASSERT_TRUE(backend_->SetRaw("large", large, kNoTtl).ok());
  EXPECT_TRUE(backend_->GetRaw("large")->view() == large);
}

TEST_F(RedisCacheTest, CountsOperations) {
  ASSERT_TRUE(backend_->SetRaw("a", "v", kNoTtl).ok());
  (void)backend_->GetRaw("a").is_hit();
  (void)backend_->GetRaw("b").is_hit();
  ASSERT_TRUE(backend_->InvalidateRaw("a").ok());
  EXPECT_EQ(server_.Run("LPUSH list element"), ":1");
  (void)backend_->GetRaw("list").is_hit();
  const CacheStats stats = cache_->Stats();
  EXPECT_EQ(stats.hits, 1u);
  EXPECT_EQ(stats.misses, 2u);
  EXPECT_EQ(stats.read_errors, 1u);
  EXPECT_EQ(stats.sets, 1u);
  EXPECT_EQ(stats.invalidations, 1u);
  EXPECT_FALSE(stats.entries.has_value());
}

TEST_F(RedisCacheTest, PingReturnsTheVersion) {
  const std::string info = server_.Run("INFO server");
  const Result<std::string> version = cache_->Ping();
  ASSERT_TRUE(version.ok()) << version.status().ToString();
  ASSERT_TRUE(version->starts_with("Redis ")) << *version;
  EXPECT_NE(info.find("redis_version:" + version->substr(6) + "\r"),
            std::string::npos);
}

TEST_F(RedisCacheTest, WorksOverTcp) {
  RedisCacheOptions options;
  options.host = "127.0.0.1";
  options.port = static_cast<uint16_t>(server_.port());
  options.timeout = options.connect_timeout = kPatience;
  const auto opened = RedisCache::Open(options);
  ASSERT_TRUE(opened.ok());
  ASSERT_TRUE((*opened)->backend()->SetRaw("a", "v", kNoTtl).ok());
  EXPECT_EQ(ValueOf(backend_->GetRaw("a")), "v");
}

}  // namespace
}  // namespace appcache::redis_cache_test
