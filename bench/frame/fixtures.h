// Fixtures: the filled caches that the cases of a benchmark program share.
//
// Each is made when a case first needs it, outside the timed part, and kept
// until the program ends, so that repetitions of cases can be interleaved and
// cases that do not run cost nothing.

#ifndef APPCACHE_BENCH_FRAME_FIXTURES_H_
#define APPCACHE_BENCH_FRAME_FIXTURES_H_

#include <map>
#include <memory>
#include <mutex>

namespace appcache::bench {

// A Fixture is constructed from a Spec, which is ordered by <. Thread-safe.
template <class Spec, class Fixture>
class Fixtures {
 public:
  Fixtures() = default;
  Fixtures(const Fixtures&) = delete;
  Fixtures& operator=(const Fixtures&) = delete;

  Fixture& For(const Spec& spec) {
    const std::lock_guard<std::mutex> guard(mutex_);
    std::unique_ptr<Fixture>& fixture = by_spec_[spec];
    if (fixture == nullptr) fixture = std::make_unique<Fixture>(spec);
    return *fixture;
  }

  void Clear() {
    const std::lock_guard<std::mutex> guard(mutex_);
    by_spec_.clear();
  }

 private:
  std::mutex mutex_;
  std::map<Spec, std::unique_ptr<Fixture>> by_spec_;
};

}  // namespace appcache::bench

#endif  // APPCACHE_BENCH_FRAME_FIXTURES_H_
