// One process of a history: a tier in front of a Redis server, over a network
// that is cut and delayed at random; or, as "plain", a client without a tier.
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

#include "appcache/redis_cache.h"
#include "appcache/sqlite_cache.h"
#include "appcache/tiered_cache.h"
#include "tests/servers/cut_proxy.h"
#include "tests/support/await.h"
#include "tests/tiered/history/tier_guarantee.h"
#include "tests/tiered/history/tier_load.h"

namespace appcache {
namespace {

using std::chrono::milliseconds;

// Cuts and delays the network at random until it is destroyed.
class NetworkFaults {
 public:
  NetworkFaults(CutProxy& proxy, uint64_t seed)
      : proxy_(proxy), random_(seed), thread_([this] { Run(); }) {}
  ~NetworkFaults() {
    {
      std::lock_guard<std::mutex> guard(mutex_);
      is_stopped_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  NetworkFaults(const NetworkFaults&) = delete;
  NetworkFaults& operator=(const NetworkFaults&) = delete;

 private:
  // True when the destructor has begun.
  bool WaitFor(milliseconds time) {
    std::unique_lock<std::mutex> lock(mutex_);
    return changed_.wait_for(lock, time, [this] { return is_stopped_; });
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
      const bool is_over = WaitFor(Between(50, 3 * kMaxStaleness.count()));
      if (random_() % 2 == 0) proxy_.Cut();
      proxy_.Release();
      if (is_over) return;
    }
  }

  CutProxy& proxy_;
  std::mt19937_64 random_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_stopped_ = false;  // guarded by mutex_
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
  return RunTierLoad(*cache->backend(), load);
}

// Waits until the tier is coherent and answers, without network faults. Exits
// if it does not recover, which is a violation that no read shows.
void ExpectRecovery(TieredCache& tier) {
  const bool has_recovered = Await([&] {
    return tier.coherent() &&
           !tier.backend()->GetRaw("pyappcache/none").has_error();
  });
  if (!has_recovered) {
    std::fprintf(stderr, "a tier did not recover\n");
    std::exit(3);
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
  // Both guarantee max_staleness.
  options.lease.when_lost =
      load.process % 2 == 0 ? WhenLost::kBypass : WhenLost::kBounded;
  options.breaker.open_for = milliseconds(50);
  auto tier =
      TieredCache::Open((*SqliteCache::OpenInMemory({}, "tier"))->backend(),
                        OpenRedis(remote)->backend(), options);
  if (!tier.ok()) {
    std::fprintf(stderr, "%s\n", tier.status().ToString().c_str());
    std::exit(2);
  }
  std::vector<HistoryEvent> events;
  {
    const NetworkFaults faults(proxy, load.seed);
    events = RunTierLoad(*(*tier)->backend(), load);
  }
  ExpectRecovery(**tier);
  const TierReport report = (*tier)->Report();
  std::printf(
      "local %lu remote %lu stored %lu discarded %lu notified %lu links %lu "
      "errors %lu\n",
      report.local_hits, report.remote_hits, report.copies_stored,
      report.copies_discarded, report.changes_notified, report.links_made,
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
