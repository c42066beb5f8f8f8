// Tiers in front of remotes that do not support notifications: copies are
// short-lived, and the tier says so.

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "appcache/lmdb_cache.h"
#include "appcache/memcache_cache.h"
#include "appcache/sqlite_cache.h"
#include "appcache/testing/fake_clock.h"
#include "appcache/tiered_cache.h"
#include "tests/servers/memcached_server.h"
#include "tests/support/captured_log.h"
#include "tests/support/temp_dir.h"

namespace appcache {
namespace {

constexpr std::string_view kPath = "pyappcache/k";

// Where the remote of a test is.
class Place {
 public:
  std::shared_ptr<Backend> OpenLmdb() {
    LmdbCacheOptions options;
    options.max_bytes = LmdbCacheOptions::kMinBytes;
    return (*LmdbCache::Open(directory_.path() + "/lmdb", std::move(options)))
        ->backend();
  }
  std::shared_ptr<Backend> OpenMemcached() {
    if (server_ == nullptr) server_ = std::make_unique<MemcachedServer>();
    MemcacheCacheOptions options;
    options.servers = {{.unix_path = server_->socket_path()}};
    options.timeout = options.connect_timeout = std::chrono::seconds(60);
    return (*MemcacheCache::Open(std::move(options)))->backend();
  }

 private:
  const TempDir directory_;
  std::unique_ptr<MemcachedServer> server_;
};

struct Remote {
  const char* name;
  std::shared_ptr<Backend> (Place::*open)();
};

class UntrackedTest : public testing::TestWithParam<Remote> {
 protected:
  UntrackedTest() {
    options_.cache = log_.options();
    options_.clock = clock_;
    SqliteCacheOptions local;
    local.clock = clock_;
    tier_ = *TieredCache::Open(
        (*SqliteCache::OpenInMemory(local, "tier"))->backend(), OpenRemote(),
        options_);
  }

  std::shared_ptr<Backend> OpenRemote() { return (place_.*GetParam().open)(); }
  Backend& raw() { return *tier_->backend(); }

  std::string Get() {
    const Lookup<Bytes> found = raw().GetRaw(kPath);
    if (found) return std::string(found->view());
    return found.has_error() ? found.status().ToString() : "none";
  }

  Place place_;
  CapturedLog log_;
  const std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  TieredOptions options_;
  std::unique_ptr<TieredCache> tier_;
};

TEST_P(UntrackedTest, TheReportAndTheLogSaySo) {
  EXPECT_EQ(tier_->Report().coherence, Coherence::kUntracked);
  EXPECT_FALSE(tier_->coherent());
  const std::vector<std::string> lines = log_.lines();
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_NE(lines[0].find("untracked_ttl"), std::string::npos) << lines[0];
}

TEST_P(UntrackedTest, OwnChangesAreVisibleAtOnceAndOthersAfterUntrackedTtl) {
  const std::shared_ptr<Backend> other = OpenRemote();
  for (const std::string value : {"one", "two"}) {
    ASSERT_TRUE(raw().SetRaw(kPath, value, kNoTtl).ok());
    EXPECT_EQ(Get(), value);
  }
  ASSERT_TRUE(other->SetRaw(kPath, "three", kNoTtl).ok());
  EXPECT_EQ(Get(), "two");
  clock_->Advance(options_.untracked_ttl);
  EXPECT_EQ(Get(), "three");
  ASSERT_TRUE(raw().InvalidateRaw(kPath).ok());
  EXPECT_EQ(Get(), "none");
  ASSERT_TRUE(raw().SetRaw(kPath, "four", kNoTtl).ok());
  EXPECT_EQ(Get(), "four");
  ASSERT_TRUE(raw().ClearRaw().ok());
  EXPECT_EQ(Get(), "none");
}

TEST_P(UntrackedTest, HitsAreServedLocally) {
  ASSERT_TRUE(raw().SetRaw(kPath, "v", std::chrono::hours(1)).ok());
  EXPECT_EQ(Get(), "v");
  const uint64_t before = tier_->Report().local_hits;
  for (int i = 0; i < 10; ++i) EXPECT_EQ(Get(), "v");
  EXPECT_EQ(tier_->Report().local_hits, before + 10);
}

INSTANTIATE_TEST_SUITE_P(
    Remotes, UntrackedTest,
    testing::Values(Remote{"Lmdb", &Place::OpenLmdb},
                    Remote{"Memcached", &Place::OpenMemcached}),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace appcache
