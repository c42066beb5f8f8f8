// What a cache would do for a program: replays its reads on the cache of a URI,
// and prints who answered, how fast, and how many loads that spared.
//
//   profile 'memory:profile?max_entries=1000'
//   profile 'tiered:memory:profile|redis://localhost' keys.txt
//
// keys.txt has the keys in the order in which the program reads them, one a
// line. Without it they are made: 50,000 reads of 10,000 keys, the n-th most
// wanted of which is read 1/n times as often as the first. What is missing is
// loaded (here: made) and set, for ten minutes, beside whatever else is in the
// cache: a second run begins with what the first has left.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "appcache/open.h"
#include "appcache/prometheus.h"
#include "appcache/tiered_cache.h"

namespace {

using Keys = std::vector<std::string>;
using Microseconds = std::chrono::duration<double, std::micro>;

Keys MadeKeys() {
  constexpr size_t kKeys = 10'000;
  constexpr size_t kReads = 50'000;
  std::vector<double> weights;
  for (size_t n = 1; n <= kKeys; ++n) {
    weights.push_back(1 / static_cast<double>(n));
  }
  std::discrete_distribution<size_t> zipf(weights.begin(), weights.end());
  std::mt19937_64 random(1);  // the same in each run, so that caches compare
  Keys keys(kReads);
  for (std::string& key : keys) key = std::to_string(zipf(random));
  return keys;
}

Keys KeysOf(const char* path) {
  Keys keys;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) keys.push_back(line);
  return keys;
}

std::string NameOf(const appcache::Lookup<std::string>& lookup) {
  std::string name;
  switch (lookup.level()) {
    case appcache::Level::kOwn:
      name = "cache";
      break;
    case appcache::Level::kLocal:
      name = "local";
      break;
    case appcache::Level::kLocalStale:
      name = "local, stale";
      break;
    case appcache::Level::kRemote:
      name = "remote";
      break;
  }
  if (lookup.has_error()) return name + ", failed";
  return lookup ? name : name + ", miss";
}

// Who answered, and how long each of its answers took.
class Profile {
 public:
  void Add(const appcache::Lookup<std::string>& lookup, Microseconds time) {
    times_[NameOf(lookup)].push_back(time.count());
    if (lookup) ++hits_;
    ++reads_;
  }

  void Print() {
    std::printf(
        "%zu reads, hit ratio %.1f%%: %zu loads avoided\n\n", reads_,
        100.0 * static_cast<double>(hits_) / static_cast<double>(reads_),
        hits_);
    std::printf("%-14s %8s %9s %9s %9s %9s\n", "ANSWERED BY", "READS", "P50 us",
                "P90 us", "P99 us", "MAX us");
    for (auto& [name, times] : times_) {
      std::ranges::sort(times);
      const auto at = [&times = times](double part) {
        return times[static_cast<size_t>(
            part * static_cast<double>(times.size() - 1))];
      };
      std::printf("%-14s %8zu %9.1f %9.1f %9.1f %9.1f\n", name.c_str(),
                  times.size(), at(0.5), at(0.9), at(0.99), at(1));
    }
  }

 private:
  std::map<std::string, std::vector<double>> times_;
  size_t hits_ = 0;
  size_t reads_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 3) {
    std::cerr << "Usage: profile URI [FILE OF KEYS]\n";
    return 2;
  }
  const Keys keys = argc == 3 ? KeysOf(argv[2]) : MadeKeys();
  if (keys.empty()) {
    std::cerr << "there are no keys in " << argv[2] << '\n';
    return 2;
  }
  auto opened = appcache::Open(argv[1]);
  if (!opened.ok()) {
    std::cerr << opened.status().ToString() << '\n';
    return 2;
  }
  appcache::Cache& cache = **opened;

  Profile profile;
  size_t failures = 0;  // of sets: the first is told, the figures count all
  for (const std::string& name : keys) {
    const appcache::Key<std::string> key("profile", name);
    const auto begin = std::chrono::steady_clock::now();
    const auto found = cache.Get(key);
    profile.Add(found, std::chrono::steady_clock::now() - begin);
    if (found) continue;
    const std::string loaded(200, 'x');
    const auto stored = cache.Set(key, loaded, std::chrono::minutes(10));
    if (!stored.ok() && failures++ == 0) {
      std::cerr << stored.ToString() << '\n';
    }
  }
  profile.Print();

  // What a program that goes on would offer to be scraped.
  appcache::PrometheusText figures("profile");
  AddTo(figures, cache.Stats());
  if (auto* tier = dynamic_cast<appcache::TieredCache*>(&cache)) {
    AddTo(figures, tier->Report());
  }
  std::cout << '\n' << figures.text();
}
