// The backends that backend_test and its sisters run against.

#ifndef APPCACHE_TESTS_INTERFACE_BACKENDS_H_
#define APPCACHE_TESTS_INTERFACE_BACKENDS_H_

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/cache.h"
#include "engine/testing/fake_clock.h"
#include "tests/support/captured_log.h"
#include "tests/support/temp_dir.h"

namespace appcache {

struct Backend {
  // As it stands in the names of tests.
  std::string name;

  // A cache over `directory`, which is empty at first: a second one opened over
  // the same directory meanwhile shares its entries. Ttls run by `clock`.
  std::function<std::shared_ptr<Cache>(const std::string& directory,
                                       CacheOptions options,
                                       std::shared_ptr<const Clock> clock)>
      open;

  // Whether two caches over one directory share their entries.
  bool is_shared = true;

  // For a backend whose ttls run by a clock of its own: lets time pass there.
  std::function<void(std::chrono::milliseconds)> pass_time = nullptr;
};

// All of them. A new backend adds itself here.
std::vector<Backend> Backends();

// A suite over all backends: derive, and instantiate with
// INSTANTIATE_TEST_SUITE_P(All, X, ValuesIn(Backends()), NameOfBackend).
class BackendTestBase : public testing::TestWithParam<Backend> {
 protected:
  static constexpr Ttl kServerUnit = std::chrono::minutes(1);

  BackendTestBase() : cache_(Open()) {}

  // One more cache of the same entries, or with another prefix.
  std::shared_ptr<Cache> Open(std::string prefix = CacheOptions().prefix) {
    CacheOptions options = log_.options();
    options.prefix = std::move(prefix);
    return GetParam().open(directory_.path(), std::move(options), clock_);
  }

  // Time in units, so that what a server's clock moves by itself counts for
  // nothing: a ttl of `units` has ended when so many have passed, and has not
  // when one fewer has. By the test's own clock to the last microsecond.
  Ttl TtlOf(int64_t units) const {
    return GetParam().pass_time ? units * kServerUnit - kServerUnit / 2
                                : Ttl(units);
  }
  void PassTime(int64_t units) {
    if (GetParam().pass_time) GetParam().pass_time(units * kServerUnit);
    clock_->Advance(GetParam().pass_time ? units * kServerUnit : Ttl(units));
  }

  const TempDir directory_;
  CapturedLog log_;
  const std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  const std::shared_ptr<Cache> cache_;
};

inline std::string NameOfBackend(const testing::TestParamInfo<Backend>& info) {
  return info.param.name;
}

}  // namespace appcache

#endif  // APPCACHE_TESTS_INTERFACE_BACKENDS_H_
