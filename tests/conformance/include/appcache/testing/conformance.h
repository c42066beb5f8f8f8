// The conformance suite: tests that every backend must pass.
//
// To run it over a backend of yours, write a test file like this one, in a
// cc_test that depends on @appcache//tests/conformance:
//
//   #include "appcache/testing/conformance.h"
//
//   std::shared_ptr<appcache::Cache> OpenMine(
//       const std::string& directory, appcache::CacheOptions options,
//       std::shared_ptr<const appcache::Clock> clock) {
//     return std::make_shared<appcache::Cache>(
//         std::make_shared<MyBackend>(directory, clock), options);
//   }
//
//   using appcache::ConformanceTest;
//   INSTANTIATE_TEST_SUITE_P(
//       Mine, ConformanceTest,
//       testing::Values(appcache::BackendUnderTest{"Mine", OpenMine}),
//       appcache::NameOfBackend);
//
// The tests ask Backend::Traits() about everything in which backends may
// differ: the limits of keys and values, whether a second cache opened on the
// same directory sees the same entries, and the optional operations.

#ifndef APPCACHE_TESTING_CONFORMANCE_H_
#define APPCACHE_TESTING_CONFORMANCE_H_

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "appcache/backend.h"
#include "appcache/cache.h"
#include "appcache/clock.h"
#include "appcache/testing/fake_clock.h"
#include "tests/support/captured_log.h"
#include "tests/support/temp_dir.h"

namespace appcache {

struct BackendUnderTest {
  // Part of the names of the tests: letters and digits.
  std::string name;

  // Opens an empty cache on `directory`, which is empty. When it is called
  // again with the same directory, in the same test, the cache has the same
  // entries, if Traits().is_shared. Ttls are measured with `clock`. Never null:
  // it reports a failure to GoogleTest, if need be by an exception.
  std::function<std::shared_ptr<Cache>(const std::string& directory,
                                       CacheOptions options,
                                       std::shared_ptr<const Clock> clock)>
      open;

  // For a backend that measures ttls with a clock of its own: advances it.
  std::function<void(std::chrono::milliseconds)> pass_time = nullptr;
};

// The members are public for helper classes of the tests.
class ConformanceTest : public testing::TestWithParam<BackendUnderTest> {
 public:
  ConformanceTest();

  Backend& backend() const { return *cache_->backend(); }

  // Opens another cache on the same directory.
  std::shared_ptr<Cache> Open(std::string prefix = CacheOptions().prefix);
  std::shared_ptr<Cache> OpenWith(CacheOptions options);

  // Times in units that are so long that the time which passes on a server
  // during a test does not matter. An entry with a ttl of Units(n) has expired
  // after PassTime(n), and has not after PassTime(n - 1). With the test's own
  // clock, a unit is Traits().ttl_resolution, and expiry is exact.
  Ttl Units(int64_t units) const;
  void PassTime(int64_t units);

  // What is stored under a whole key path: the value, "<miss>", or the error.
  std::string StoredAt(std::string_view path) {
    return ValueOf(backend().GetRaw(path));
  }
  static std::string ValueOf(const Lookup<Bytes>& found);

  const TempDir directory_;
  CapturedLog log_;
  const std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  const std::shared_ptr<Cache> cache_;
};

inline std::string NameOfBackend(
    const testing::TestParamInfo<BackendUnderTest>& info) {
  return info.param.name;
}

}  // namespace appcache

#endif  // APPCACHE_TESTING_CONFORMANCE_H_
