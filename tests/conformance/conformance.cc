#include "appcache/testing/conformance.h"

#include <utility>

namespace appcache {
namespace {

// The unit of a server's own clock. No test takes half as long.
constexpr Ttl kServerUnit = std::chrono::minutes(1);

}  // namespace

ConformanceTest::ConformanceTest() : cache_(Open()) {}

std::shared_ptr<Cache> ConformanceTest::Open(std::string prefix) {
  CacheOptions options = log_.options();
  options.prefix = std::move(prefix);
  return OpenWith(std::move(options));
}

std::shared_ptr<Cache> ConformanceTest::OpenWith(CacheOptions options) {
  return GetParam().open(directory_.path(), std::move(options), clock_);
}

Ttl ConformanceTest::Units(int64_t units) const {
  return GetParam().pass_time ? units * kServerUnit - kServerUnit / 2
                              : units * cache_->Traits().ttl_resolution;
}

void ConformanceTest::PassTime(int64_t units) {
  const Ttl time =
      units * (GetParam().pass_time ? kServerUnit
                                    : Ttl(cache_->Traits().ttl_resolution));
  if (GetParam().pass_time) GetParam().pass_time(time);
  clock_->Advance(time);
}

std::string ConformanceTest::ValueOf(const Lookup<Bytes>& found) {
  if (found) return std::string(found->view());
  return found.has_error() ? found.status().ToString() : "<miss>";
}

}  // namespace appcache
