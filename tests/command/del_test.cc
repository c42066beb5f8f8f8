// What del counts, on caches that tell ttls and on one that does not.

#include <gtest/gtest.h>

#include "tests/support/map_cache.h"
#include "tools/command/entries.h"

namespace appcache::command {
namespace {

class UntellingCache : public MapCache {
 public:
  BackendTraits Traits() const override {
    BackendTraits traits = MapCache::Traits();
    traits.tells_ttl = false;
    return traits;
  }
  Lookup<appcache::Ttl> TtlRaw(std::string_view) override {
    return Lookup<appcache::Ttl>::Failed(
        Status(ErrorCode::kUnsupported, "it tells no ttl"));
  }
};

void Fill(MapCache& cache) {
  for (const char* const path : {"a", "b", "c"}) {
    ASSERT_TRUE(cache.SetRaw(path, "value", kNoTtl).ok());
  }
}

TEST(DelTest, ItCountsByTheTtlAndReadsNoValue) {
  MapCache cache;
  Fill(cache);
  cache.set_hook(Failing(MapCache::Operation::kGet,
                         Status(ErrorCode::kUnavailable, "it was read")));
  const Result<uint64_t> removed = RemoveAll(cache, {"a", "missing", "b", "a"});
  ASSERT_TRUE(removed.ok());
  EXPECT_EQ(*removed, 2u);
  EXPECT_EQ(cache.size(), 1u);
}

TEST(DelTest, ItReadsWhereNoTtlIsTold) {
  UntellingCache cache;
  Fill(cache);
  const Result<uint64_t> removed = RemoveAll(cache, {"a", "missing", "b", "a"});
  ASSERT_TRUE(removed.ok());
  EXPECT_EQ(*removed, 2u);
  EXPECT_EQ(cache.size(), 1u);
}

TEST(DelTest, AFailureEndsIt) {
  MapCache cache;
  Fill(cache);
  cache.set_hook(Failing(MapCache::Operation::kInvalidate,
                         Status(ErrorCode::kUnavailable, "it is gone")));
  const Result<uint64_t> removed = RemoveAll(cache, {"a"});
  EXPECT_TRUE(removed.status().Is(ErrorCode::kUnavailable));
}

}  // namespace
}  // namespace appcache::command
