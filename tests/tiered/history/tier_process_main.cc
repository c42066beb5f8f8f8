// One process of a history: a tier on a Redis server over a network that is cut
// and held up at random; or, as "plain", a client without a tier.
//
//   tier_process ROLE SOCKET PROCESS SEED MILLISECONDS EVENTS_FILE

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "adapters/redis/redis_cache.h"
#include "adapters/tiered/tiered_cache.h"
#include "engine/sqlite_cache.h"
#include "tests/servers/cut_proxy.h"
#include "tests/tiered/history/tier_load.h"
#include "tests/tiered/history/tier_promise.h"

namespace appcache {
namespace {

using std::chrono::milliseconds;

// Cuts the link and holds it up, at random, until it is destroyed.
class Weather {
 public:
  Weather(CutProxy& proxy, uint64_t seed)
      : proxy_(proxy), random_(seed), thread_([this] { Run(); }) {}
  ~Weather() {
    {
      std::lock_guard<std::mutex> guard(mutex_);
      is_ending_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  Weather(const Weather&) = delete;
  Weather& operator=(const Weather&) = delete;

 private:
  // True: the end.
  bool WaitFor(milliseconds time) {
    std::unique_lock<std::mutex> lock(mutex_);
    return changed_.wait_for(lock, time, [this] { return is_ending_; });
  }
  milliseconds Between(int64_t least, int64_t most) {
    return milliseconds(
        std::uniform_int_distribution<int64_t>(least, most)(random_));
  }

  void Run() {
    while (!WaitFor(Between(100, 700))) {
      if (random_() % 2 == 0) {
        proxy_.Cut();
        continue;
      }
      proxy_.Hold();
      const bool ends = WaitFor(Between(50, 3 * kMaxStaleness.count()));
      if (random_() % 2 == 0) proxy_.Cut();
      proxy_.Release();
      if (ends) return;
    }
  }

  CutProxy& proxy_;
  std::mt19937_64 random_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_ending_ = false;  // guarded by mutex_
  std::thread thread_;
};

std::unique_ptr<RedisCache> OpenRedis(RedisCacheOptions options) {
  options.timeout = milliseconds(100);
  options.connect_timeout = milliseconds(100);
  return *RedisCache::Open(std::move(options));
}

std::vector<HistoryEvent> RunPlain(const std::string& socket,
                                   const TierLoad& load) {
  RedisCacheOptions options;
  options.unix_path = socket;
  const std::unique_ptr<RedisCache> cache = OpenRedis(options);
  return RunTierLoad(*cache, load);
}

// In fair weather it is coherent, and answers. Ends the process if it does not
// become so: that is a broken promise that no read shows.
void ExpectRecovery(TieredCache& tier) {
  const auto until =
      std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!tier.coherent() || tier.GetRaw("pyappcache/none").has_error()) {
    if (std::chrono::steady_clock::now() > until) {
      std::fprintf(stderr, "a tier did not recover\n");
      std::exit(3);
    }
    std::this_thread::yield();
  }
}

std::vector<HistoryEvent> RunTier(const std::string& socket,
                                  const TierLoad& load) {
  CutProxy proxy(socket);
  RedisCacheOptions remote;
  remote.host = "127.0.0.1";
  remote.port = proxy.port();
  TieredOptions options;
  options.cache.log = [](LogLevel, std::string_view) {};
  options.seed = load.seed;
  options.lease.max_staleness = kMaxStaleness;
  // Both keep what max_staleness says.
  options.lease.when_lost =
      load.process % 2 == 0 ? WhenLost::kBypass : WhenLost::kBounded;
  options.breaker.open_for = milliseconds(50);
  auto tier = TieredCache::Open(*SqliteCache::OpenInMemory({}, "tier"),
                                OpenRedis(remote), options);
  if (!tier.ok()) {
    std::fprintf(stderr, "%s\n", tier.status().ToString().c_str());
    std::exit(2);
  }
  std::vector<HistoryEvent> events;
  {
    const Weather weather(proxy, load.seed);
    events = RunTierLoad(**tier, load);
  }
  ExpectRecovery(**tier);
  const TierReport report = (*tier)->Report();
  std::printf(
      "local %lu remote %lu kept %lu overtaken %lu told %lu links %lu "
      "errors %lu\n",
      report.local_hits, report.remote_hits, report.copies_kept,
      report.copies_overtaken, report.changes_told, report.links_made,
      report.remote_errors);
  return events;
}

}  // namespace
}  // namespace appcache

int main(int argc, char** argv) {
  if (argc != 7) {
    std::fprintf(stderr,
                 "usage: tier_process tier|plain SOCKET PROCESS SEED "
                 "MILLISECONDS EVENTS_FILE\n");
    return 2;
  }
  appcache::TierLoad load;
  load.process = std::atoi(argv[3]);
  load.seed = std::strtoull(argv[4], nullptr, 10) + load.process;
  load.duration = std::chrono::milliseconds(std::atoi(argv[5]));
  const bool plain = std::string_view(argv[1]) == "plain";
  if (plain) load.threads = 1;
  const std::vector<appcache::HistoryEvent> events =
      plain ? appcache::RunPlain(argv[2], load)
            : appcache::RunTier(argv[2], load);
  std::ofstream file(argv[6], std::ios::binary);
  file.write(reinterpret_cast<const char*>(events.data()),
             static_cast<std::streamsize>(events.size() *
                                          sizeof(appcache::HistoryEvent)));
  return file.good() ? 0 : 3;
}
