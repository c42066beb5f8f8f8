// The ttls of a MemcacheCache on a real server.

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>

#include "appcache/memcache_cache.h"
#include "tests/memcache/memcache_fixture.h"
#include "tests/servers/memcached_server.h"

namespace appcache::memcache_ttl_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

using MemcacheTtlTest = MemcacheTest;

TEST_F(MemcacheTtlTest, TtlIsTheItemsExpiryTime) {
  ASSERT_TRUE(backend_->SetRaw("k", "v", milliseconds(90'061)).ok());
  const int64_t on_server = std::stoll(server_.Run("mg k t").substr(4));
  EXPECT_GT(on_server, 30);
  EXPECT_LE(on_server, 92);
  const Lookup<Ttl> remaining = backend_->TtlRaw("k");
  ASSERT_TRUE(remaining.is_hit());
  EXPECT_GT(*remaining, seconds(30));
  EXPECT_LE(*remaining, seconds(on_server - 1));
  ASSERT_TRUE(backend_->SetRaw("k", "v", kNoTtl).ok());
  EXPECT_EQ(server_.Run("mg k t"), "HD t-1");
  EXPECT_EQ(*backend_->TtlRaw("k"), kNoTtl);
  EXPECT_FALSE(backend_->TtlRaw("none").is_hit());
  EXPECT_FALSE(backend_->TtlRaw("none").has_error());
}

// The replies to meta gets then have flags that were not requested.
TEST_F(MemcacheTtlTest, ItemThatAnotherProgramMarkedAsStaleIsAHit) {
  ASSERT_TRUE(backend_->SetRaw("k", "v", kNoTtl).ok());
  EXPECT_EQ(server_.Run("md k I"), "HD");
  EXPECT_EQ(server_.Run("mg k t"), "HD t-1 X W");
  EXPECT_EQ(ValueOf(backend_->GetRaw("k")), "v");
  EXPECT_EQ(*backend_->TtlRaw("k"), kNoTtl);
  const Lookup<TimedBytes> found = backend_->GetTimedRaw("k");
  ASSERT_TRUE(found.is_hit()) << found.status().ToString();
  EXPECT_EQ(found->value.view(), "v");
}

// Around the limits of relative times and of 32 bits.
TEST_F(MemcacheTtlTest, LongTtlsAreKept) {
  constexpr seconds kThirtyDays = std::chrono::hours(24 * 30);
  for (const seconds ttl :
       {kThirtyDays - seconds(1), kThirtyDays, kThirtyDays + seconds(1),
        seconds(std::chrono::hours(24 * 365))}) {
    ASSERT_TRUE(backend_->SetRaw("k", "v", ttl).ok());
    const Lookup<Ttl> remaining = backend_->TtlRaw("k");
    ASSERT_TRUE(remaining.is_hit()) << ttl.count();
    EXPECT_LE(*remaining, ttl + seconds(1));
    EXPECT_GT(*remaining, ttl - seconds(60));
  }
  for (const Ttl ttl : {Ttl(std::chrono::hours(24 * 365 * 30)), kMaxTtl}) {
    ASSERT_TRUE(backend_->SetRaw("k", "v", ttl).ok());
    EXPECT_EQ(ValueOf(backend_->GetRaw("k")), "v");
    EXPECT_EQ(*backend_->TtlRaw("k"), kNoTtl);
  }
}

TEST_F(MemcacheTtlTest, EntryWithATtlOfOneMillisecondIsReadable) {
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(backend_->SetRaw("k", "v", milliseconds(1)).ok());
    EXPECT_EQ(ValueOf(backend_->GetRaw("k")), "v");
  }
}

TEST_F(MemcacheTtlTest, EntryExpiresWithItsTtl) {
  ASSERT_TRUE(backend_->SetRaw("k", "v", seconds(100)).ok());
  server_.PassTime(seconds(40));
  EXPECT_EQ(ValueOf(backend_->GetRaw("k")), "v");
  server_.PassTime(seconds(62));
  EXPECT_EQ(ValueOf(backend_->GetRaw("k")), "<miss>");
}

}  // namespace
}  // namespace appcache::memcache_ttl_test
