// RedisCache on a real server: what is stored there, and what it costs.

#include "adapters/redis/redis_cache.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/servers/redis_server.h"

namespace appcache {
namespace {

using std::chrono::milliseconds;

class RedisCacheTest : public testing::Test {
 protected:
  std::unique_ptr<RedisCache> Open(RedisCacheOptions options = {}) {
    options.unix_path = server_.socket_path();
    RedisCache::Opened opened = RedisCache::Open(std::move(options));
    EXPECT_TRUE(opened.ok()) << opened.status().ToString();
    return *std::move(opened);
  }

  // A figure of INFO.
  int64_t Info(const std::string& section, const std::string& name) {
    const std::string info = server_.Run("INFO " + section);
    const size_t at = info.find("\n" + name + ":");
    return at == std::string::npos
               ? -1
               : std::stoll(info.substr(at + name.size() + 2));
  }

  // How many requests, in one piece each, `calls()` sends.
  template <class Calls>
  int64_t RoundTripsOf(const Calls& calls) {
    const int64_t before = Info("stats", "total_reads_processed");
    calls();
    return Info("stats", "total_reads_processed") - before - 1;
  }

  static std::string ValueOf(Lookup<Bytes> found) {
    if (found) return std::string(found->view());
    return found.has_error() ? found.status().ToString() : "<miss>";
  }

  RedisServer server_;
  std::unique_ptr<RedisCache> cache_ = Open();
};

// As pyappcache has it.
TEST_F(RedisCacheTest, AnEntryIsAStringUnderItsKeyPath) {
  ASSERT_TRUE(cache_->Set(Key<std::string>("user", 7), "Ada").ok());
  EXPECT_EQ(server_.Run("GET pyappcache/user/7"), "Ada");
  EXPECT_EQ(server_.Run("PTTL pyappcache/user/7"), ":-1");
  EXPECT_EQ(server_.Run("SET pyappcache/user/8 Grace"), "OK");
  EXPECT_EQ(*cache_->Get(Key<std::string>("user", 8)), "Grace");
  ASSERT_TRUE(cache_->Set(Key<int>("count"), 41).ok());
  EXPECT_EQ(server_.Run("INCR pyappcache/count"), ":42");
  EXPECT_EQ(*cache_->Get(Key<int>("count")), 42);
}

TEST_F(RedisCacheTest, ATtlIsRedissOwn) {
  ASSERT_TRUE(cache_->SetRaw("k", "v", milliseconds(90'061)).ok());
  const int64_t left = std::stoll(server_.Run("PTTL k").substr(1));
  EXPECT_GT(left, 30'000);
  EXPECT_LE(left, 90'061);
  const Lookup<Ttl> told = cache_->TtlRaw("k");
  ASSERT_TRUE(told.is_hit());
  EXPECT_GT(*told, milliseconds(30'000));
  EXPECT_LE(*told, milliseconds(left));
  ASSERT_TRUE(cache_->SetRaw("k", "v", kNoTtl).ok());
  EXPECT_EQ(server_.Run("PTTL k"), ":-1");
  EXPECT_EQ(*cache_->TtlRaw("k"), kNoTtl);
  EXPECT_FALSE(cache_->TtlRaw("none").is_hit());
  EXPECT_TRUE(cache_->SetRaw("k", "v", kMaxTtl).ok());
}

// What comes between the two is another's write, and then the value has the ttl
// of another.
TEST_F(RedisCacheTest, ATimedGetIsOneTransaction) {
  ASSERT_TRUE(cache_->SetRaw("a", "v", milliseconds(90'061)).ok());
  ASSERT_TRUE(cache_->SetRaw("b", "w", kNoTtl).ok());
  EXPECT_EQ(server_.Run("CONFIG RESETSTAT"), "OK");
  const Lookup<TimedBytes> one = cache_->GetTimedRaw("a");
  ASSERT_TRUE(one.is_hit());
  EXPECT_EQ(one->value.view(), "v");
  EXPECT_GT(one->left, milliseconds(30'000));
  EXPECT_LE(one->left, milliseconds(90'061));
  const auto many =
      cache_->GetManyTimedRaw(std::vector<std::string_view>{"b", "none", "a"});
  EXPECT_EQ(many[0]->value.view(), "w");
  EXPECT_EQ(many[0]->left, kNoTtl);
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

TEST_F(RedisCacheTest, AnEntryEndsWithItsTtl) {
  ASSERT_TRUE(cache_->SetRaw("k", "v", milliseconds(100'000)).ok());
  server_.PassTime(milliseconds(40'000));
  EXPECT_EQ(ValueOf(cache_->GetRaw("k")), "v");
  server_.PassTime(milliseconds(60'000));
  EXPECT_EQ(ValueOf(cache_->GetRaw("k")), "<miss>");
}

TEST_F(RedisCacheTest, ClearFlushesTheDatabaseAndNoOther) {
  RedisCacheOptions options;
  options.database = 3;
  const auto other = Open(options);
  ASSERT_TRUE(cache_->SetRaw("a", "0", kNoTtl).ok());
  ASSERT_TRUE(other->SetRaw("a", "3", kNoTtl).ok());
  ASSERT_TRUE(cache_->Clear().ok());
  EXPECT_EQ(server_.Run("DBSIZE"), ":0");
  EXPECT_EQ(ValueOf(other->GetRaw("a")), "3");
}

TEST_F(RedisCacheTest, EveryCallIsOneRoundTrip) {
  ASSERT_TRUE(cache_->GetRaw("connects").status().ok());
  std::vector<std::string> paths;
  std::vector<std::string_view> views;
  std::vector<Cache::RawEntry> entries;
  for (int i = 0; i < 100; ++i) paths.push_back("path/" + std::to_string(i));
  for (const std::string& path : paths) {
    views.push_back(path);
    entries.push_back({path, "value", milliseconds(60'000)});
  }
  EXPECT_EQ(RoundTripsOf([&] { (void)cache_->GetRaw("a").is_hit(); }), 1);
  EXPECT_EQ(RoundTripsOf([&] { (void)cache_->SetRaw("a", "v", kNoTtl).ok(); }),
            1);
  EXPECT_EQ(RoundTripsOf([&] { (void)cache_->SetManyRaw(entries).ok(); }), 1);
  EXPECT_EQ(RoundTripsOf([&] {
              for (const auto& found : cache_->GetManyRaw(views)) {
                EXPECT_TRUE(found.is_hit());
              }
            }),
            1);
  EXPECT_EQ(RoundTripsOf([&] { (void)cache_->InvalidateManyRaw(views).ok(); }),
            1);
  EXPECT_EQ(server_.Run("DBSIZE"), ":1");
  EXPECT_EQ(RoundTripsOf([&] {
              (void)cache_->GetManyRaw({}).empty();
              (void)cache_->SetManyRaw({}).ok();
              (void)cache_->InvalidateManyRaw({}).ok();
            }),
            0);
}

TEST_F(RedisCacheTest, ABatchMayBeLargerThanOneCommand) {
  constexpr int kEntries = 10'000;
  std::vector<std::string> paths;
  std::vector<std::string_view> views;
  std::vector<Cache::RawEntry> entries;
  for (int i = 0; i < kEntries; ++i) paths.push_back(std::to_string(i));
  for (const std::string& path : paths) {
    views.push_back(path);
    entries.push_back({path, path});
  }
  ASSERT_TRUE(cache_->SetManyRaw(entries).ok());
  const std::vector<Lookup<Bytes>> found = cache_->GetManyRaw(views);
  ASSERT_EQ(found.size(), paths.size());
  for (int i = 0; i < kEntries; ++i) {
    ASSERT_TRUE(found[i].is_hit());
    ASSERT_EQ(found[i]->view(), paths[i]);
  }
  ASSERT_TRUE(cache_->InvalidateManyRaw(views).ok());
  EXPECT_EQ(server_.Run("DBSIZE"), ":0");
}

TEST_F(RedisCacheTest, AnEntryThatIsNoStringIsCorruptAndInABatchAMiss) {
  EXPECT_EQ(server_.Run("LPUSH list element"), ":1");
  ASSERT_TRUE(cache_->SetRaw("a", "v", kNoTtl).ok());
  const Lookup<Bytes> found = cache_->GetRaw("list");
  ASSERT_TRUE(found.has_error());
  EXPECT_EQ(found.error().code, ErrorCode::kCorrupt);
  const std::vector<std::string_view> paths = {"list", "a"};
  const auto both = cache_->GetManyRaw(paths);
  EXPECT_FALSE(both[0].is_hit());
  EXPECT_EQ(ValueOf(both[1]), "v");
  EXPECT_EQ(cache_->GetTimedRaw("list").error().code, ErrorCode::kCorrupt);
  const auto both_timed = cache_->GetManyTimedRaw(paths);
  EXPECT_FALSE(both_timed[0].is_hit() || both_timed[0].has_error());
  EXPECT_TRUE(both_timed[1].is_hit());
  // A set replaces whatever it was, and an invalidate removes it.
  ASSERT_TRUE(cache_->SetRaw("list", "v", kNoTtl).ok());
  EXPECT_EQ(ValueOf(cache_->GetRaw("list")), "v");
}

TEST_F(RedisCacheTest, AValueThatIsTooLargeIsNotSentAndEmptiesItsKey) {
  constexpr size_t kSize = RedisCache::kMaxBytes + 1;
  void* const memory = mmap(nullptr, kSize, PROT_NONE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  const std::string_view huge(static_cast<const char*>(memory), kSize);
  ASSERT_TRUE(cache_->SetRaw("a", "old", kNoTtl).ok());
  const std::vector<Cache::RawEntry> entries = {{"a", huge},
                                                {"b", "stored all the same"}};
  const Status status = cache_->SetManyRaw(entries);
  EXPECT_TRUE(status.Is(ErrorCode::kTooLarge)) << status.ToString();
  EXPECT_EQ(ValueOf(cache_->GetRaw("a")), "<miss>");
  EXPECT_EQ(ValueOf(cache_->GetRaw("b")), "stored all the same");
  EXPECT_EQ(cache_->GetRaw(huge).error().code, ErrorCode::kInvalidKey);
  EXPECT_TRUE(cache_->SetRaw(huge, "v", kNoTtl).Is(ErrorCode::kInvalidKey));
  EXPECT_TRUE(cache_->InvalidateRaw(huge).Is(ErrorCode::kInvalidKey));
  EXPECT_EQ(munmap(memory, kSize), 0);
}

TEST_F(RedisCacheTest, ALargeValueArrives) {
  std::string large(16 << 20, 'x');
  for (size_t i = 0; i < large.size(); i += 4093) large[i] = '\n';
  RedisCacheOptions options;
  options.timeout = std::chrono::minutes(1);
  const auto patient = Open(options);
  ASSERT_TRUE(patient->SetRaw("large", large, kNoTtl).ok());
  EXPECT_TRUE(patient->GetRaw("large")->view() == large);
}

TEST_F(RedisCacheTest, CountsWhatItDoes) {
  ASSERT_TRUE(cache_->SetRaw("a", "v", kNoTtl).ok());
  (void)cache_->GetRaw("a").is_hit();
  (void)cache_->GetRaw("b").is_hit();
  ASSERT_TRUE(cache_->InvalidateRaw("a").ok());
  EXPECT_EQ(server_.Run("LPUSH list element"), ":1");
  (void)cache_->GetRaw("list").is_hit();
  const CacheStats stats = cache_->Stats();
  EXPECT_EQ(stats.hits, 1u);
  EXPECT_EQ(stats.misses, 2u);
  EXPECT_EQ(stats.read_errors, 1u);
  EXPECT_EQ(stats.sets, 1u);
  EXPECT_EQ(stats.invalidations, 1u);
  EXPECT_FALSE(stats.entries.has_value());
}

TEST_F(RedisCacheTest, WorksOverTcp) {
  RedisCacheOptions options;
  options.host = "127.0.0.1";
  options.port = static_cast<uint16_t>(server_.port());
  const auto opened = RedisCache::Open(options);
  ASSERT_TRUE(opened.ok());
  ASSERT_TRUE((*opened)->SetRaw("a", "v", kNoTtl).ok());
  EXPECT_EQ(ValueOf(cache_->GetRaw("a")), "v");
}

}  // namespace
}  // namespace appcache
