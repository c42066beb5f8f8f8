#include "bench/peers/zipf.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace appcache::bench {
namespace {

constexpr size_t kDraws = size_t{1} << 20;
constexpr double kExponent = 0.99;
constexpr uint64_t kSeed = 7;

}  // namespace

std::vector<uint32_t> ZipfOrder(size_t items) {
  SplitMix random(kSeed);
  std::vector<uint32_t> item_of(items);
  std::iota(item_of.begin(), item_of.end(), 0);
  for (size_t i = items; i > 1; --i) {
    std::swap(item_of[i - 1], item_of[random.Next() % i]);
  }
  std::vector<double> sums(items);
  double sum = 0;
  for (size_t i = 0; i < items; ++i) {
    sums[i] = sum += std::pow(static_cast<double>(i + 1), -kExponent);
  }
  std::vector<uint32_t> order(kDraws);
  for (uint32_t& item : order) {
    const auto at = std::upper_bound(sums.begin(), sums.end() - 1,
                                     random.NextFraction() * sum);
    item = item_of[static_cast<size_t>(at - sums.begin())];
  }
  return order;
}

std::vector<uint32_t> EvenOrder(size_t items) {
  SplitMix random(kSeed);
  std::vector<uint32_t> order(kDraws);
  for (uint32_t& item : order) {
    item = static_cast<uint32_t>(random.Next() % items);
  }
  return order;
}

}  // namespace appcache::bench
