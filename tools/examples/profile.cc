// Shows what a cache would do for a program: replays the program's reads on the
// cache that a URI names, and prints the hit ratio, the latencies and the
// figures for Prometheus.
//
//   profile 'memory:profile?max_entries=1000'
//   profile 'tiered:memory:profile|redis://localhost' keys.txt
//
// keys.txt has the keys in the order in which the program reads them, one a
// line. Without it there are 50,000 reads of 10,000 keys with Zipf's
// distribution: the n-th key is read 1/n times as often as the first. A missing
// value is set for ten minutes. The cache is not cleared: a second run starts
// with the entries of the first.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "appcache/open.h"
#include "appcache/prometheus.h"
#include "appcache/tiered_cache.h"

namespace {

using Keys = std::vector<std::string>;
using Microseconds = std::chrono::duration<double, std::micro>;

Keys ZipfKeys() {
  constexpr size_t kKeys = 10'000;
  constexpr size_t kReads = 50'000;
  std::vector<double> weights;
  for (size_t n = 1; n <= kKeys; ++n) {
    weights.push_back(1 / static_cast<double>(n));
  }
  std::discrete_distribution<size_t> zipf(weights.begin(), weights.end());
  std::mt19937_64 random(1);  // a fixed seed, so that runs can be compared
  Keys keys(kReads);
  for (std::string& key : keys) key = std::to_string(zipf(random));
  return keys;
}

Keys ReadKeys(const char* path) {
  Keys keys;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) keys.push_back(line);
  return keys;
}

// What answered a read.
std::string NameOf(const appcache::Lookup<std::string>& lookup, bool is_tier) {
  std::string name;
  switch (lookup.origin()) {
    case appcache::Origin::kStorage:
      name = is_tier ? "remote" : "cache";
      break;
    case appcache::Origin::kCopy:
      name = "local";
      break;
    case appcache::Origin::kStaleCopy:
      name = "local, stale";
      break;
  }
  if (lookup.has_error()) return name + ", failed";
  return lookup ? name : name + ", miss";
}

// The latencies of the reads, by what answered them.
class Profile {
 public:
  explicit Profile(bool is_tier) : is_tier_(is_tier) {}

  void Add(const appcache::Lookup<std::string>& lookup, Microseconds time) {
    times_[NameOf(lookup, is_tier_)].push_back(time.count());
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
  const bool is_tier_;
  std::map<std::string, std::vector<double>> times_;
  size_t hits_ = 0;
  size_t reads_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 3) {
    std::cerr << "Usage: profile URI [KEYS_FILE]\n";
    return 2;
  }
  const Keys keys = argc == 3 ? ReadKeys(argv[2]) : ZipfKeys();
  if (keys.empty()) {
    std::cerr << "no keys in " << argv[2]
              << ": it must be a readable file with one key a line\n";
    return 2;
  }
  auto opened = appcache::Open(argv[1]);
  if (!opened.ok()) {
    std::cerr << opened.status().ToString() << '\n';
    return 2;
  }
  const auto cache = *std::move(opened);
  const auto* tier = dynamic_cast<const appcache::TieredCache*>(cache.get());

  Profile profile(tier != nullptr);
  size_t failures = 0;  // of sets; only the first is printed
  for (const std::string& name : keys) {
    const appcache::Key<std::string> key("profile", name);
    const auto begin = std::chrono::steady_clock::now();
    const auto found = cache->Get(key);
    profile.Add(found, std::chrono::steady_clock::now() - begin);
    if (found) continue;
    const std::string loaded(200, 'x');
    const auto stored = cache->Set(key, loaded, std::chrono::minutes(10));
    if (!stored.ok() && failures++ == 0) {
      std::cerr << stored.ToString() << '\n';
    }
  }
  profile.Print();

  // A server would publish this text for Prometheus to scrape.
  appcache::PrometheusText figures("profile");
  AddTo(figures, cache->Stats());
  if (tier != nullptr) AddTo(figures, tier->Report());
  std::cout << '\n' << figures.text();
}
