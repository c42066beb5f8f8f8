// How long gets of a database in memory take alone, and beside a thread that
// sets without pause: the distribution, which a mean hides.
//
// Rounds of both alternate, so that the load of the machine affects both alike.
// Prints the median of each percentile over the rounds, and the median ratio.

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "appcache/sqlite_cache.h"
#include "bench/frame/program.h"
#include "bench/items.h"

namespace appcache::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kEntries = 10'000;
constexpr size_t kValueBytes = 256;
constexpr size_t kGetsPerRound = 50'000;
constexpr std::array kPercentiles = {50.0, 99.0, 99.9};

using Percentiles = std::array<double, kPercentiles.size()>;

Percentiles Of(std::vector<double>& times) {
  std::sort(times.begin(), times.end());
  Percentiles result;
  for (size_t i = 0; i < result.size(); ++i) {
    const double at = static_cast<double>(times.size()) * kPercentiles[i] / 100;
    result[i] = times[std::min(static_cast<size_t>(at), times.size() - 1)];
  }
  return result;
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

class Latencies {
 public:
  Latencies()
      : items_(MakeItems(kStoredIds, kEntries)),
        order_(UniformOrder(kEntries)),
        value_(MakeValue(kValueBytes)),
        cache_(ValueOrFail(SqliteCache::OpenInMemory({}, "get_latency"))) {
    for (const Item& item : items_) Set(item);
  }

  void Run(int rounds) {
    std::array<std::vector<Percentiles>, 2> measured;
    for (int round = 0; round < rounds; ++round) {
      for (const bool beside_writer : {false, true}) {
        measured[beside_writer].push_back(Round(beside_writer));
      }
    }
    std::printf("| percentile | alone | beside a writer | ratio |\n");
    std::printf("|---|---|---|---|\n");
    for (size_t i = 0; i < kPercentiles.size(); ++i) {
      std::vector<double> alone, beside, ratios;
      for (int round = 0; round < rounds; ++round) {
        alone.push_back(measured[0][static_cast<size_t>(round)][i]);
        beside.push_back(measured[1][static_cast<size_t>(round)][i]);
        ratios.push_back(beside.back() / alone.back());
      }
      std::printf("| p%g | %.0f ns | %.0f ns | %.2f |\n", kPercentiles[i],
                  Median(alone), Median(beside), Median(ratios));
    }
    std::printf("sets per get beside the writer: %.2f\n",
                static_cast<double>(sets_) /
                    (static_cast<double>(kGetsPerRound) * rounds));
  }

 private:
  void Set(const Item& item) {
    Must(cache_->backend()->SetRaw(item.path(), value_, kNoTtl));
  }

  Percentiles Round(bool beside_writer) {
    std::atomic<bool> stops{false};
    std::thread writer;
    if (beside_writer) {
      writer = std::thread([&] {
        Cursor cursor(order_, 1, 2);
        for (; !stops.load(std::memory_order_relaxed); ++sets_) {
          Set(items_[cursor.Next()]);
        }
      });
    }
    std::vector<double> times;
    times.reserve(kGetsPerRound);
    Cursor cursor(order_, 0, 2);
    Backend& backend = *cache_->backend();
    for (size_t i = 0; i < kGetsPerRound; ++i) {
      const Item& item = items_[cursor.Next()];
      const auto start = Clock::now();
      const bool hit = backend.GetRaw(item.path()).is_hit();
      const auto end = Clock::now();
      Must(hit, "a get missed");
      times.push_back(
          std::chrono::duration<double, std::nano>(end - start).count());
    }
    stops = true;
    if (writer.joinable()) writer.join();
    return Of(times);
  }

  const std::vector<Item> items_;
  const std::vector<uint32_t> order_;
  const std::string value_;
  const std::unique_ptr<SqliteCache> cache_;
  uint64_t sets_ = 0;  // by the writer, which Round joins
};

int Main(int argc, char** argv) {
  int rounds = 15;
  const bool is_number =
      argc < 2 ||
      std::from_chars(argv[1], argv[1] + std::strlen(argv[1]), rounds).ptr ==
          argv[1] + std::strlen(argv[1]);
  if (argc > 2 || !is_number || rounds < 1 || rounds > 1000) {
    std::fprintf(stderr,
                 "Usage: get_latency [ROUNDS]\n"
                 "Times gets in memory, alone and beside a thread that sets.\n"
                 "ROUNDS: 1 to 1000, default 15; each is about a second.\n");
    return 2;
  }
  Latencies().Run(rounds);
  return 0;
}

}  // namespace
}  // namespace appcache::bench

int main(int argc, char** argv) { return appcache::bench::Main(argc, argv); }
