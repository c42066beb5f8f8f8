// The limits of a MemcacheCache on a real server: keys, values and memory.

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "appcache/memcache_cache.h"
#include "tests/memcache/memcache_fixture.h"
#include "tests/servers/memcached_server.h"

namespace appcache::memcache_limits_test {
namespace {

using std::chrono::seconds;

// The bytes of an item besides key and value (adapters/memcache/item.h).
constexpr size_t kOverhead = 59;

using MemcacheLimitsTest = MemcacheTest;

// One byte more is rejected before it is sent. The server would reject it too,
// as the next test shows.
TEST_F(MemcacheLimitsTest, LargestValueIsTheServersLimitToTheByte) {
  for (const std::string& path :
       {std::string("k"), std::string(250, 'k'), std::string("a b"),
        std::string(), std::string(5000, 'k')}) {
    const bool is_hashed = path.empty() || path.size() > 250;
    const size_t key_bytes = is_hashed ? 48 + 8 + path.size() : path.size();
    const std::string fits((size_t{1} << 20) - kOverhead - key_bytes, 'v');
    ASSERT_TRUE(backend_->SetRaw(path, fits, kNoTtl).ok()) << path.size();
    EXPECT_TRUE(ValueOf(backend_->GetRaw(path)) == fits);
    const Status status = backend_->SetRaw(path, fits + "v", kNoTtl);
    EXPECT_TRUE(status.Is(ErrorCode::kTooLarge)) << status.ToString();
    EXPECT_EQ(ValueOf(backend_->GetRaw(path)), "<miss>");
  }
  EXPECT_EQ(server_.Stat("store_too_large"), 0);
  EXPECT_EQ(cache_->Traits().max_value_bytes,
            (size_t{1} << 20) - kOverhead - 1);
}

// max_item_bytes is larger than the server's -I.
TEST_F(MemcacheLimitsTest, SetThatTheServerRejectsAsTooLargeEmptiesTheKey) {
  MemcacheCacheOptions options;
  options.max_item_bytes = size_t{2} << 20;
  const auto cache = OpenOn(server_, options);
  Backend& backend = *cache->backend();
  ASSERT_TRUE(backend.SetRaw("k", "old", kNoTtl).ok());
  const std::string large((size_t{1} << 20) - kOverhead, 'v');
  const std::vector<RawEntry> entries = {{"k", large}, {"other", "v"}};
  const Status status = backend.SetManyRaw(entries);
  EXPECT_TRUE(status.Is(ErrorCode::kTooLarge)) << status.ToString();
  EXPECT_EQ(server_.Stat("store_too_large"), 1);
  EXPECT_EQ(ValueOf(backend.GetRaw("k")), "<miss>");
  EXPECT_EQ(ValueOf(backend.GetRaw("other")), "v");
}

// Unlike a set.
TEST_F(MemcacheLimitsTest, AddThatTheServerRejectsLeavesTheOldValue) {
  MemcacheCacheOptions options;
  options.max_item_bytes = size_t{2} << 20;
  const auto cache = OpenOn(server_, options);
  Backend& backend = *cache->backend();
  ASSERT_TRUE(backend.SetRaw("k", "old", kNoTtl).ok());
  const std::string large((size_t{1} << 20) - kOverhead, 'v');
  for (const char* const path : {"k", "none", "a b"}) {
    const Result<bool> added = backend.AddRaw(path, large, kNoTtl);
    EXPECT_TRUE(added.status().Is(ErrorCode::kTooLarge))
        << added.status().ToString();
  }
  EXPECT_EQ(server_.Stat("store_too_large"), 3);
  EXPECT_EQ(ValueOf(backend.GetRaw("k")), "old");
  EXPECT_EQ(ValueOf(backend.GetRaw("none")), "<miss>");
  EXPECT_EQ(ValueOf(backend.GetRaw("a b")), "<miss>");
}

TEST_F(MemcacheLimitsTest, LongestKeyPathHasAQuarterOfAMebibyte) {
  const std::string longest(size_t{256} << 10, 'k');
  EXPECT_EQ(cache_->Traits().max_key_bytes, longest.size());
  ASSERT_TRUE(backend_->SetRaw(longest, "v", seconds(60)).ok());
  EXPECT_EQ(ValueOf(backend_->GetRaw(longest)), "v");
  EXPECT_TRUE(backend_->TtlRaw(longest).is_hit());
  const std::string longer = longest + "k";
  const std::vector<std::string_view> paths = {longer};
  EXPECT_EQ(backend_->GetRaw(longer).error().code, ErrorCode::kInvalidKey);
  EXPECT_EQ(backend_->TtlRaw(longer).error().code, ErrorCode::kInvalidKey);
  EXPECT_EQ(backend_->GetManyRaw(paths)[0].error().code,
            ErrorCode::kInvalidKey);
  EXPECT_TRUE(backend_->SetRaw(longer, "v", kNoTtl).Is(ErrorCode::kInvalidKey));
  EXPECT_TRUE(backend_->InvalidateRaw(longer).Is(ErrorCode::kInvalidKey));
}

TEST(MemcacheServerLimitsTest, MaxItemBytesMayBeRaisedWithTheServers) {
  MemcachedServer server({"-I", "4m"});
  MemcacheCacheOptions options;
  options.max_item_bytes = size_t{4} << 20;
  const auto cache = OpenOn(server, options);
  Backend& backend = *cache->backend();
  const std::string fits((size_t{4} << 20) - kOverhead - 1, 'v');
  ASSERT_TRUE(backend.SetRaw("k", fits, kNoTtl).ok());
  EXPECT_TRUE(ValueOf(backend.GetRaw("k")) == fits);
  EXPECT_TRUE(backend.SetRaw("k", fits + "v", kNoTtl).Is(ErrorCode::kTooLarge));
  EXPECT_EQ(server.Stat("store_too_large"), 0);
  // Such a value is too large for a cache with the default max_item_bytes.
  ASSERT_TRUE(backend.SetRaw("k", fits, kNoTtl).ok());
  const auto usual = OpenOn(server);
  EXPECT_EQ(usual->backend()->GetRaw("k").error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(ValueOf(usual->backend()->GetRaw("none")), "<miss>");
}

TEST(MemcacheServerLimitsTest, ServerThatMayNotEvictIsFull) {
  MemcachedServer server({"-M", "-m", "8"});
  const auto cache = OpenOn(server);
  Backend& backend = *cache->backend();
  const auto path = [](int i) { return "k" + std::to_string(i); };
  const std::string value(100'000, 'v');
  Status status;
  int stored = 0;
  for (; status.ok() && stored < 10'000; ++stored) {
    status = backend.SetRaw(path(stored), value, kNoTtl);
  }
  EXPECT_TRUE(status.Is(ErrorCode::kFull)) << status.ToString();
  EXPECT_EQ(ValueOf(backend.GetRaw(path(stored - 1))), "<miss>");
  EXPECT_TRUE(ValueOf(backend.GetRaw("k0")) == value);
  const Result<bool> added = backend.AddRaw("k1", value, kNoTtl);
  EXPECT_TRUE(added.status().Is(ErrorCode::kFull));
  EXPECT_TRUE(ValueOf(backend.GetRaw("k1")) == value);
}

}  // namespace
}  // namespace appcache::memcache_limits_test
