#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "appcache/lmdb_cache.h"
#include "appcache/testing/conformance.h"
#include "tests/conformance/opened.h"

namespace appcache {
namespace {

std::shared_ptr<Cache> Open(const std::string& directory, CacheOptions options,
                            SharedClock clock) {
  LmdbCacheOptions all;
  all.cache = std::move(options);
  all.clock = std::move(clock);
  return Opened(LmdbCache::Open(directory, std::move(all)));
}

INSTANTIATE_TEST_SUITE_P(Lmdb, ConformanceTest,
                         testing::Values(BackendUnderTest{"Directory", Open}),
                         NameOfBackend);

}  // namespace
}  // namespace appcache
