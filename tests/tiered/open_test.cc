// What a tier is opened with, and what it reports about itself.

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "tests/tiered/tier_fixture.h"

namespace appcache::open_test {
namespace {

class OpenTest : public TierFixture {
 protected:
  // The error of Open with options that `change` has changed; empty if it
  // succeeds.
  std::string ErrorWith(const std::function<void(TieredOptions&)>& change) {
    TieredOptions options = options_;
    change(options);
    return ErrorOf(local_, remote_, std::move(options));
  }
  static std::string ErrorOf(std::shared_ptr<Backend> local,
                             std::shared_ptr<Backend> remote,
                             TieredOptions options) {
    const auto opened = TieredCache::Open(std::move(local), std::move(remote),
                                          std::move(options));
    return opened.ok() ? "" : opened.status().ToString();
  }
};

TEST_F(OpenTest, ATierNeedsTwoBackends) {
  for (const std::string& error : {ErrorOf(nullptr, remote_, options_),
                                   ErrorOf(local_, nullptr, options_)}) {
    EXPECT_TRUE(error.starts_with("invalid_argument: ")) << error;
    EXPECT_NE(error.find("is null"), std::string::npos) << error;
  }
  EXPECT_NE(ErrorOf(remote_, remote_, options_).find("are the same"),
            std::string::npos);
}

TEST_F(OpenTest, AnOptionThatIsOutOfRangeIsNamed) {
  using Options = TieredOptions;
  const std::pair<std::string, std::function<void(Options&)>> wrong[] = {
      {"compressor", [](Options& o) { o.cache.compressor = nullptr; }},
      {"max_staleness is 3 ms; it must be from 4 ms to an hour",
       [](Options& o) { o.lease.max_staleness = milliseconds(3); }},
      {"max_stale_age is 999 ms; it must be from 1 s to a year",
       [](Options& o) { o.lease.max_stale_age = milliseconds(999); }},
      {"open_for is 0 ms; it must be from 1 ms to a day",
       [](Options& o) { o.breaker.open_for = milliseconds(0); }},
      {"failures is 0; it must be at least 1",
       [](Options& o) { o.breaker.failures = 0; }},
      {"max_pending is 0; it must be at least 1",
       [](Options& o) { o.max_pending = 0; }},
      {"max_wait is 0 ms; it must be from 1 ms to a day",
       [](Options& o) { o.max_wait = milliseconds(0); }},
      {"untracked_ttl is 0 ms; it must be from 1 ms to 100 years",
       [](Options& o) { o.untracked_ttl = kNoTtl; }},
      {"max_local_ttl is -1 ms; it must be from 0 ms to 100 years",
       [](Options& o) { o.max_local_ttl = Ttl(-1); }},
      {"absence_ttl is -1 ms; it must be from 0 ms to 100 years",
       [](Options& o) { o.absence_ttl = Ttl(-1); }},
  };
  for (const auto& [message, change] : wrong) {
    const std::string error = ErrorWith(change);
    EXPECT_TRUE(error.starts_with("invalid_argument: ")) << error;
    EXPECT_NE(error.find(message), std::string::npos) << error;
  }
  EXPECT_EQ(ErrorWith([](Options&) {}), "");
}

TEST_F(OpenTest, TheTraitsAreThoseOfTheRemote) {
  Open();
  const BackendTraits traits = tier_->Traits();
  EXPECT_EQ(traits.name, "tiered");
  EXPECT_TRUE(traits.supports_ttl_query);
  EXPECT_TRUE(traits.supports_add);
  EXPECT_FALSE(traits.supports_watch);
  EXPECT_EQ(traits.cleared,
            remote_->Traits().cleared + ", and the local copies");
}

// Knows how much it holds.
class SizedMap final : public MapBackend {
 public:
  explicit SizedMap(uint64_t memory) : memory_(memory) {}

  CacheStats Stats() const override {
    CacheStats stats;
    stats.hits = 1'000;
    stats.entries = size();
    stats.bytes = 7;
    stats.evictions = 8;
    stats.expirations = 9;
    stats.database_memory_bytes = memory_;
    return stats;
  }

 private:
  const uint64_t memory_;
};

TEST_F(OpenTest, TheStatsCountTheTiersCallsAndHaveTheSizesOfTheRemote) {
  tier_ = *TieredCache::Open(std::make_shared<SizedMap>(11),
                             std::make_shared<SizedMap>(12), options_);
  EXPECT_EQ(Get(kPath), "miss");
  ASSERT_TRUE(raw().SetRaw(kPath, "v", kNoTtl).ok());
  EXPECT_EQ(Get(kPath), "hit:v");
  EXPECT_EQ(Get(kPath), "hit:v");
  ASSERT_TRUE(*raw().AddRaw("pyappcache/other", "v", kNoTtl));
  ASSERT_TRUE(raw().InvalidateRaw("pyappcache/none").ok());
  const CacheStats stats = tier_->Stats();
  EXPECT_EQ(stats.hits, 2U);
  EXPECT_EQ(stats.misses, 1U);
  EXPECT_EQ(stats.read_errors, 0U);
  EXPECT_EQ(stats.sets, 2U);
  EXPECT_EQ(stats.invalidations, 1U);
  EXPECT_EQ(stats.write_errors, 0U);
  EXPECT_EQ(stats.entries, 2U);
  EXPECT_EQ(stats.bytes, 7U);
  EXPECT_EQ(stats.evictions, 8U);
  EXPECT_EQ(stats.expirations, 9U);
  EXPECT_EQ(stats.database_memory_bytes, 11U);
}

}  // namespace
}  // namespace appcache::open_test
