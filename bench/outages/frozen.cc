#include "bench/outages/frozen.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "bench/outages/scene.h"
#include "tests/servers/redis_server.h"

namespace appcache::outages {
namespace {

constexpr int kKeys = 1000;
constexpr size_t kHits = 300'000;
constexpr std::array kPercentiles = {50.0, 99.0, 99.9};
using Percentiles = std::array<double, kPercentiles.size()>;

std::vector<std::string> Paths() {
  std::vector<std::string> paths;
  for (int key = 0; key < kKeys; ++key) {
    paths.push_back("pyappcache/key/" + std::to_string(key));
  }
  return paths;
}

// Nanoseconds of gets that are answered here.
Percentiles TimeHits(TieredCache& tier, const std::vector<std::string>& paths,
                     std::mt19937_64& random) {
  std::vector<int64_t> times;
  times.reserve(kHits);
  while (times.size() < kHits) {
    const std::string& path = paths[random() % paths.size()];
    const int64_t begun = Now();
    const Lookup<Bytes> found = tier.GetRaw(path);
    const int64_t time = Now() - begun;
    // The news of the fixture's own writes may cost a copy at first.
    if (found.level() != Level::kRemote) times.push_back(time);
  }
  Percentiles percentiles{};
  for (size_t i = 0; i < kPercentiles.size(); ++i) {
    const auto at = static_cast<size_t>(static_cast<double>(times.size() - 1) *
                                        kPercentiles[i] / 100);
    std::nth_element(times.begin(),
                     times.begin() + static_cast<std::ptrdiff_t>(at),
                     times.end());
    percentiles[i] = static_cast<double>(times[at]);
  }
  return percentiles;
}

double Median(std::vector<double> figures) {
  std::sort(figures.begin(), figures.end());
  return figures[figures.size() / 2];
}

// Waits until the tier has noticed.
void AwaitLost(const TieredCache& tier) {
  while (tier.Report().coherence != Coherence::kLost) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

}  // namespace

bool PrintFrozen(int rounds) {
  RedisServer server;
  RedisCacheOptions remote;
  remote.unix_path = server.socket_path();
  TieredOptions options;
  options.lease.when_lost = WhenLost::kServeStale;
  const std::unique_ptr<TieredCache> tier = OpenTier(remote, options);
  const std::vector<std::string> paths = Paths();
  for (const std::string& path : paths) {
    (void)tier->SetRaw(path, std::string(100, 'v'), kNoTtl).ok();
  }
  std::mt19937_64 random(1);
  std::vector<Percentiles> up;
  std::vector<Percentiles> stopped;
  for (int round = 0; round < rounds; ++round) {
    if (!AwaitCoherent(*tier)) return false;
    TimeHits(*tier, paths, random);
    up.push_back(TimeHits(*tier, paths, random));
    server.Freeze();
    AwaitLost(*tier);
    TimeHits(*tier, paths, random);
    stopped.push_back(TimeHits(*tier, paths, random));
    server.Thaw();
  }
  std::printf(
      "\n| local hit | answering, ns | stopped, ns | ratio |\n"
      "|---|---|---|---|\n");
  for (size_t i = 0; i < kPercentiles.size(); ++i) {
    std::vector<double> before;
    std::vector<double> meanwhile;
    std::vector<double> ratios;
    for (size_t round = 0; round < up.size(); ++round) {
      before.push_back(up[round][i]);
      meanwhile.push_back(stopped[round][i]);
      ratios.push_back(stopped[round][i] / up[round][i]);
    }
    std::printf("| p%g | %.0f | %.0f | %.2f |\n", kPercentiles[i],
                Median(before), Median(meanwhile), Median(ratios));
  }
  return true;
}

}  // namespace appcache::outages
