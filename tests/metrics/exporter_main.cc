// Prints what a program with two caches publishes for Prometheus, at several
// moments between which the caches are used. A line "# scrape" begins each.
// Both sets of names are in the text.

#include <chrono>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "appcache/prometheus.h"
#include "appcache/sqlite_cache.h"
#include "appcache/testing/fake_clock.h"
#include "appcache/tiered_cache.h"
#include "tests/tiered/notifying_map.h"

namespace appcache {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kScrapes = 12;
constexpr seconds kInterval(15);

template <class T>
T OrThrow(Result<T> result) {
  if (!result.ok()) throw std::runtime_error(result.status().ToString());
  return *std::move(result);
}

PrometheusText MetricsOf(std::string_view name, const CacheStats& stats) {
  PrometheusText text(name);
  AddTo(text, stats);
  AddMicrometerTo(text, stats);
  return text;
}

// A cache in memory that evicts, with loads.
class Sessions {
 public:
  explicit Sessions(std::shared_ptr<FakeClock> clock)
      : cache_(OrThrow(
            SqliteCache::OpenInMemory(OptionsWith(clock), "sessions"))) {}

  void Use(int round) {
    for (int i = 0; i < 20; ++i) {
      const Key<std::string> key("session", round, i);
      (void)cache_->Get(key);
      (void)cache_->Set(key, "a session", seconds(i < 5 ? 10 : 1000));
      (void)cache_->Get(key);
    }
    // Enough reads for a curve of hit ratios.
    for (int i = 0; i < 400; ++i) {
      (void)cache_->Get(Key<std::string>("session", round, i % 20));
    }
    (void)cache_->Invalidate(Key<std::string>("session", round, 0));
    (void)cache_->GetVia(Key<int>("load", round), [] { return 7; });
    try {
      (void)cache_->GetVia(Key<int>("fail", round),
                           []() -> int { throw std::runtime_error("down"); });
    } catch (const std::runtime_error&) {
    }
  }

  PrometheusText Metrics() const {
    return MetricsOf("sessions", cache_->Stats());
  }

 private:
  static SqliteCacheOptions OptionsWith(std::shared_ptr<FakeClock> clock) {
    SqliteCacheOptions options;
    options.clock = std::move(clock);
    options.max_entries = 50;
    return options;
  }

  const std::unique_ptr<SqliteCache> cache_;
};

// A tier whose remote cache is sometimes down.
class Users {
 public:
  explicit Users(std::shared_ptr<FakeClock> clock)
      : clock_(std::move(clock)),
        remote_(std::make_shared<NotifyingMap>(clock_)) {
    remote_->set_hook([this](MapBackend::Operation, std::string_view) {
      return is_down_ ? Status(ErrorCode::kUnavailable, "down") : Status();
    });
    TieredOptions options;
    options.cache.log = [](LogLevel, std::string_view) {};
    options.clock = clock_;
    options.seed = 7;
    tier_ = OrThrow(TieredCache::Open(std::make_shared<MapBackend>(clock_),
                                      remote_, options));
    remote_->LinkAndHeartbeat();
  }

  void Use(int round) {
    const TimePoint asked = clock_->Now();
    clock_->Advance(milliseconds(3));
    remote_->HeartbeatUpTo(asked);
    const Key<std::string> key("user", round);
    (void)tier_->Get(key);
    (void)tier_->Set(key, "Ada");
    (void)tier_->Get(key);
    (void)tier_->Get(key);
    remote_->NotifyChanged("pyappcache/user/" + std::to_string(round));
    is_down_ = true;
    for (int i = 0; i < 10; ++i) (void)tier_->Get(Key<std::string>("new", i));
    is_down_ = false;
    if (round % 4 == 3) {
      remote_->LoseLink();
      remote_->LinkAndHeartbeat();
    }
  }

  PrometheusText Metrics() const {
    PrometheusText text = MetricsOf("users", tier_->Stats());
    AddTo(text, tier_->Report());
    return text;
  }

 private:
  const std::shared_ptr<FakeClock> clock_;
  const std::shared_ptr<NotifyingMap> remote_;
  std::unique_ptr<TieredCache> tier_;
  bool is_down_ = false;
};

int Main() {
  const auto clock = std::make_shared<FakeClock>();
  Sessions sessions(clock);
  Users users(clock);
  for (int round = 0; round < kScrapes; ++round) {
    sessions.Use(round);
    users.Use(round);
    PrometheusText text = sessions.Metrics();
    text.Append(users.Metrics());
    std::cout << "# scrape\n" << text.text();
    clock->Advance(kInterval);
  }
  return 0;
}

}  // namespace
}  // namespace appcache

int main() { return appcache::Main(); }
