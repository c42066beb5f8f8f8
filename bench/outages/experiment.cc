#include "bench/outages/experiment.h"

#include <array>
#include <atomic>
#include <string>
#include <thread>
#include <utility>

#include "appcache/redis_cache.h"
#include "appcache/sqlite_cache.h"

namespace appcache::outages {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kWarmUp{1000};
constexpr milliseconds kAftermath{3000};
constexpr microseconds kSampleInterval{200};

// A thread that samples a condition and measures how long it is false.
class ConditionSampler {
 public:
  explicit ConditionSampler(std::function<bool()> condition)
      : thread_([this, condition = std::move(condition)] { Run(condition); }) {}

  struct Times {
    microseconds violated{0};
    steady_clock::time_point last_violation;  // if `violated` is not zero
  };
  Times Stop() {
    is_over_ = true;
    thread_.join();
    return times_;
  }

 private:
  void Run(const std::function<bool()>& condition) {
    auto last = steady_clock::now();
    while (!is_over_) {
      std::this_thread::sleep_for(kSampleInterval);
      const auto now = steady_clock::now();
      if (!condition()) {
        times_.violated += std::chrono::duration_cast<microseconds>(now - last);
        times_.last_violation = now;
      }
      last = now;
    }
  }

  std::atomic<bool> is_over_{false};
  Times times_;  // used by the thread while it runs
  std::thread thread_;
};

TieredOptions OptionsWith(WhenLost when_lost) {
  TieredOptions options;
  options.lease.when_lost = when_lost;
  return options;
}

}  // namespace

std::unique_ptr<TieredCache> OpenTier(const RedisCacheOptions& remote,
                                      const TieredOptions& options) {
  static std::atomic<int> opened{0};
  const std::string name = "tier" + std::to_string(++opened);
  const auto local = *SqliteCache::OpenInMemory({}, name);
  return *TieredCache::Open(local->backend(),
                            (*RedisCache::Open(remote))->backend(), options);
}

bool AwaitCoherent(const TieredCache& tier) {
  const auto deadline = steady_clock::now() + std::chrono::seconds(30);
  while (!tier.coherent()) {
    if (steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(milliseconds(1));
  }
  return true;
}

Experiment::Experiment(const RedisCacheOptions& remote, WhenLost when_lost)
    : one_(OpenTier(remote, OptionsWith(when_lost))),
      other_(OpenTier(remote, OptionsWith(when_lost))) {
  AwaitCoherent(*one_);
  AwaitCoherent(*other_);
  const LeasePolicy lease = OptionsWith(when_lost).lease;
  load_.emplace(std::array{one_.get(), other_.get()},
                when_lost == WhenLost::kServeStale ? lease.max_stale_age
                                                   : lease.max_staleness);
  std::this_thread::sleep_for(kWarmUp);
}

Outcome Experiment::Observe(const std::function<void()>& event) {
  Outcome outcome;
  load_->ResetMaxStaleness();
  const LoadCounters before = load_->counters();
  ConditionSampler coherent([this] { return AreCoherent(); });
  event();
  const auto back = steady_clock::now();
  outcome.is_coherent_again = AwaitCoherent(*one_) && AwaitCoherent(*other_);
  std::this_thread::sleep_for(kAftermath);
  const ConditionSampler::Times times = coherent.Stop();
  outcome.counters = load_->counters() - before;
  outcome.incoherent = times.violated;
  if (times.violated.count() > 0 && times.last_violation > back) {
    outcome.incoherent_after_back =
        std::chrono::duration_cast<microseconds>(times.last_violation - back);
  }
  return outcome;
}

}  // namespace appcache::outages
