// Draws: which items the operations of a case use, in order. All of them are
// made before a case is timed, and are the same in every run, in C++, in
// CaffeineBench.java and in python_sqlite.

#ifndef APPCACHE_BENCH_SUITE_DRAWS_H_
#define APPCACHE_BENCH_SUITE_DRAWS_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace appcache::bench {

// SplitMix64 (S. Vigna).
class SplitMix {
 public:
  explicit SplitMix(uint64_t seed) : state_(seed) {}
  uint64_t Next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  // From 0 to 1, without 1.
  double NextFraction() { return static_cast<double>(Next() >> 11) * 0x1p-53; }

 private:
  uint64_t state_;
};

enum class Distribution {
  // The probability of the item of rank r is proportional to 1 / r^0.99.
  kZipf,
  kUniform,
  // One item, always.
  kHot,
};

inline constexpr Distribution kDistributions[] = {
    Distribution::kZipf, Distribution::kUniform, Distribution::kHot};
inline constexpr double kZipfExponent = 0.99;
inline constexpr size_t kDraws = size_t{1} << 20;

// "zipf", "uniform", "hot".
std::string_view NameOf(Distribution distribution);

// Every number from 0 to items - 1 once. The first one is the item of rank 1.
// Shuffled, so that hot items are not neighbours.
std::vector<uint32_t> ItemsByRank(size_t items);

// kDraws draws from 0 to items - 1. REQUIRES: items > 0.
std::vector<uint32_t> MakeDraws(Distribution distribution, size_t items);

}  // namespace appcache::bench

#endif  // APPCACHE_BENCH_SUITE_DRAWS_H_
