// The conformance suite: what every backend has to do, and a test of each.
//
// A backend of your own is bound to it in a test file of five lines, in a
// cc_test that depends on @appcache//tests/conformance:
//
//   #include "appcache/testing/conformance.h"
//   std::shared_ptr<appcache::Cache> OpenMine(const std::string& directory,
//       appcache::CacheOptions options, std::shared_ptr<const
//       appcache::Clock>);
//   INSTANTIATE_TEST_SUITE_P(Mine, appcache::ConformanceTest,
//       testing::Values(appcache::Backend{"Mine", OpenMine}),
//       appcache::NameOfBackend);
//
// What differs between backends is asked of Cache::Traits: key and value
// limits, whether a second cache over the same place sees the same entries,
// whether ttls are told. Nothing else may differ.

#ifndef APPCACHE_TESTS_CONFORMANCE_CONFORMANCE_H_
#define APPCACHE_TESTS_CONFORMANCE_CONFORMANCE_H_

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "engine/cache.h"
#include "engine/clock.h"
#include "engine/testing/fake_clock.h"
#include "tests/support/captured_log.h"
#include "tests/support/temp_dir.h"

namespace appcache {

struct Backend {
  // As it stands in the names of tests: letters and digits.
  std::string name;

  // An empty cache over `directory`, which is empty too; opened again with the
  // same directory in one test, a cache over the same entries, if the backend
  // has such. Ttls run by `clock`. Never null: a failure to open is reported to
  // GoogleTest, by an exception if need be.
  std::function<std::shared_ptr<Cache>(const std::string& directory,
                                       CacheOptions options,
                                       std::shared_ptr<const Clock> clock)>
      open;

  // For a backend whose ttls run by a clock of its own: lets time pass there.
  std::function<void(std::chrono::milliseconds)> pass_time = nullptr;
};

// Public, for parts of tests that are classes of their own.
class ConformanceTest : public testing::TestWithParam<Backend> {
 public:
  ConformanceTest();

  // One more cache of the same place, or with another prefix.
  std::shared_ptr<Cache> Open(std::string prefix = CacheOptions().prefix);
  std::shared_ptr<Cache> OpenWith(CacheOptions options);

  // Time in units, so that what a server's clock moves by itself counts for
  // nothing: a ttl of `units` has ended when so many have passed, and has not
  // when one fewer has. By the test's own clock to the last millisecond.
  Ttl Units(int64_t units) const;
  void PassTime(int64_t units);

  // What is stored under a whole key path: the value, "<miss>", or the error.
  std::string StoredAt(std::string_view path) {
    return StoredAt(*cache_, path);
  }
  static std::string StoredAt(Cache& cache, std::string_view path) {
    return ValueOf(cache.GetRaw(path));
  }
  static std::string ValueOf(const Lookup<Bytes>& found);

  const TempDir directory_;
  CapturedLog log_;
  const std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  const std::shared_ptr<Cache> cache_;
};

inline std::string NameOfBackend(const testing::TestParamInfo<Backend>& info) {
  return info.param.name;
}

}  // namespace appcache

#endif  // APPCACHE_TESTS_CONFORMANCE_CONFORMANCE_H_
