#include "bench/outages/frozen.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdint>
#include <cstdio>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "appcache/redis_cache_options.h"
#include "bench/outages/experiment.h"
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

Percentiles PercentilesOf(std::vector<int64_t> times) {
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

// Nanoseconds of gets that a local copy answers.
Percentiles TimeHits(TieredCache& tier, const std::vector<std::string>& paths,
                     std::mt19937_64& random) {
  Backend& backend = *tier.backend();
  std::vector<int64_t> times;
  times.reserve(kHits);
  while (times.size() < kHits) {
    const std::string& path = paths[random() % paths.size()];
    const int64_t begin = Now();
    const Lookup<Bytes> found = backend.GetRaw(path);
    const int64_t time = Now() - begin;
    // At first, notifications of this program's own writes may remove copies.
    if (found.origin() != Origin::kStorage) times.push_back(time);
  }
  return PercentilesOf(std::move(times));
}

double Median(std::vector<double> figures) {
  std::sort(figures.begin(), figures.end());
  return figures[figures.size() / 2];
}

void AwaitLost(const TieredCache& tier) {
  while (tier.Report().coherence != Coherence::kLost) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

void PrintTable(const std::vector<Percentiles>& answering,
                const std::vector<Percentiles>& stopped) {
  std::printf(
      "\n| local hit | answering, ns | stopped, ns | ratio |\n"
      "|---|---|---|---|\n");
  for (size_t i = 0; i < kPercentiles.size(); ++i) {
    std::vector<double> answering_times;
    std::vector<double> stopped_times;
    std::vector<double> ratios;
    for (size_t round = 0; round < answering.size(); ++round) {
      answering_times.push_back(answering[round][i]);
      stopped_times.push_back(stopped[round][i]);
      ratios.push_back(stopped[round][i] / answering[round][i]);
    }
    std::printf("| p%g | %.0f | %.0f | %.2f |\n", kPercentiles[i],
                Median(answering_times), Median(stopped_times), Median(ratios));
  }
}

}  // namespace

bool PrintFrozen(int rounds) {
  assert(rounds > 0);
  RedisServer server;
  RedisCacheOptions remote;
  remote.unix_path = server.socket_path();
  TieredOptions options;
  options.lease.when_lost = WhenLost::kServeStale;
  const std::unique_ptr<TieredCache> tier = OpenTier(remote, options);
  const std::vector<std::string> paths = Paths();
  for (const std::string& path : paths) {
    const Status stored =
        tier->backend()->SetRaw(path, std::string(100, 'v'), kNoTtl);
    if (!stored.ok()) {
      std::fprintf(stderr, "outages: %s\n", stored.ToString().c_str());
      return false;
    }
  }
  std::mt19937_64 random(1);
  std::vector<Percentiles> answering;
  std::vector<Percentiles> stopped;
  for (int round = 0; round < rounds; ++round) {
    if (!AwaitCoherent(*tier)) return false;
    // The first TimeHits of each pair warms up.
    TimeHits(*tier, paths, random);
    answering.push_back(TimeHits(*tier, paths, random));
    server.Freeze();
    AwaitLost(*tier);
    TimeHits(*tier, paths, random);
    stopped.push_back(TimeHits(*tier, paths, random));
    server.Thaw();
  }
  PrintTable(answering, stopped);
  return true;
}

}  // namespace appcache::outages
