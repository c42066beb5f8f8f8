#include "bench/outages/scene.h"

#include <atomic>
#include <string>
#include <thread>

#include "engine/sqlite_cache.h"

namespace appcache::outages {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kWarmUp{1000};
constexpr milliseconds kAftermath{3000};

// Notes when something was not so.
class Sampler {
 public:
  explicit Sampler(std::function<bool()> is_so)
      : thread_([this, is_so = std::move(is_so)] { Run(is_so); }) {}

  struct Times {
    std::chrono::microseconds not_so{0};
    steady_clock::time_point last_not_so;  // if not_so is not zero
  };
  Times Stop() {
    is_over_ = true;
    thread_.join();
    return times_;
  }

 private:
  void Run(const std::function<bool()>& is_so) {
    auto last = steady_clock::now();
    while (!is_over_) {
      std::this_thread::sleep_for(std::chrono::microseconds(200));
      const auto now = steady_clock::now();
      if (!is_so()) {
        times_.not_so +=
            std::chrono::duration_cast<std::chrono::microseconds>(now - last);
        times_.last_not_so = now;
      }
      last = now;
    }
  }

  std::atomic<bool> is_over_{false};
  Times times_;  // of the thread, until it has ended
  std::thread thread_;
};

TieredOptions With(WhenLost when_lost) {
  TieredOptions options;
  options.lease.when_lost = when_lost;
  return options;
}

}  // namespace

std::unique_ptr<TieredCache> OpenTier(const RedisCacheOptions& remote,
                                      const TieredOptions& options) {
  static std::atomic<int> opened{0};
  auto local = SqliteCache::OpenInMemory({}, "tier" + std::to_string(++opened));
  return *TieredCache::Open(*std::move(local), *RedisCache::Open(remote),
                            options);
}

bool AwaitCoherent(const TieredCache& tier) {
  const auto until = steady_clock::now() + std::chrono::seconds(30);
  while (!tier.coherent()) {
    if (steady_clock::now() > until) return false;
    std::this_thread::sleep_for(milliseconds(1));
  }
  return true;
}

Scene::Scene(const RedisCacheOptions& remote, WhenLost when_lost)
    : one_(OpenTier(remote, With(when_lost))),
      two_(OpenTier(remote, With(when_lost))) {
  AwaitCoherent(*one_);
  AwaitCoherent(*two_);
  const LeasePolicy lease = With(when_lost).lease;
  load_.emplace(std::array{one_.get(), two_.get()},
                when_lost == WhenLost::kServeStale ? lease.max_stale_age
                                                   : lease.max_staleness);
  std::this_thread::sleep_for(kWarmUp);
}

Outcome Scene::Watch(const std::function<void()>& event) {
  Outcome outcome;
  load_->ForgetOldest();
  const Seen before = load_->seen();
  Sampler sampler([this] { return AreCoherent(); });
  event();
  const auto back = steady_clock::now();
  outcome.is_coherent_again = AwaitCoherent(*one_) && AwaitCoherent(*two_);
  std::this_thread::sleep_for(kAftermath);
  const Sampler::Times times = sampler.Stop();
  outcome.seen = load_->seen() - before;
  outcome.incoherent = times.not_so;
  if (times.not_so.count() > 0 && times.last_not_so > back) {
    outcome.after_back = std::chrono::duration_cast<std::chrono::microseconds>(
        times.last_not_so - back);
  }
  return outcome;
}

}  // namespace appcache::outages
