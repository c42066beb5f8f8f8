// The reference model, and the example of a backend.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "tests/conformance/conformance.h"
#include "tests/conformance/opened.h"
#include "tests/support/map_cache.h"
#include "tools/examples/file_cache.h"

namespace appcache {
namespace {

std::shared_ptr<Cache> OpenMap(const std::string&, CacheOptions options,
                               SharedClock clock) {
  return std::make_shared<MapCache>(std::move(options), std::move(clock));
}

std::shared_ptr<Cache> OpenFiles(const std::string& directory,
                                 CacheOptions options, SharedClock clock) {
  return Opened(examples::FileCache::Open(directory, std::move(options),
                                          std::move(clock)));
}

INSTANTIATE_TEST_SUITE_P(Reference, ConformanceTest,
                         testing::Values(Backend{"Map", OpenMap},
                                         Backend{"File", OpenFiles}),
                         NameOfBackend);

}  // namespace
}  // namespace appcache
