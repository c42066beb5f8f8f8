// The backend of the tests, by the example in conformance.h, and the example of
// a backend.

// clang-format off
// [example testing/conformance.h]
#include "appcache/testing/conformance.h"
// [/example]
// clang-format on

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "tests/support/map_cache.h"
#include "tools/examples/file_backend.h"

namespace {

class MyBackend final : public appcache::MapBackend {
 public:
  MyBackend(const std::string&, std::shared_ptr<const appcache::Clock> clock)
      : MapBackend(std::move(clock)) {}
};

// clang-format off
// [example testing/conformance.h]
std::shared_ptr<appcache::Cache> OpenMine(
    const std::string& directory, appcache::CacheOptions options,
    std::shared_ptr<const appcache::Clock> clock) {
  return std::make_shared<appcache::Cache>(
      std::make_shared<MyBackend>(directory, clock), options);
}
// [/example]

// [example testing/conformance.h]
using appcache::ConformanceTest;
INSTANTIATE_TEST_SUITE_P(
    Mine, ConformanceTest,
    testing::Values(appcache::BackendUnderTest{"Mine", OpenMine}),
    appcache::NameOfBackend);
// [/example]
// clang-format on

}  // namespace

namespace appcache {
namespace {

std::shared_ptr<Cache> OpenFiles(const std::string& directory,
                                 CacheOptions options,
                                 std::shared_ptr<const Clock> clock) {
  return std::make_shared<Cache>(
      std::make_shared<examples::FileBackend>(directory, std::move(clock)),
      std::move(options));
}

INSTANTIATE_TEST_SUITE_P(Example, ConformanceTest,
                         testing::Values(BackendUnderTest{"File", OpenFiles}),
                         NameOfBackend);

}  // namespace
}  // namespace appcache
