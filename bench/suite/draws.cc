#include "bench/suite/draws.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numeric>
#include <utility>

namespace appcache::bench {
namespace {

constexpr uint64_t kRankSeed = 7;
constexpr uint64_t kDrawSeed = 8;

std::vector<uint32_t> ZipfDraws(size_t items) {
  const std::vector<uint32_t> item_of = ItemsByRank(items);
  std::vector<double> sums(items);
  double sum = 0;
  for (size_t i = 0; i < items; ++i) {
    sums[i] = sum += std::pow(static_cast<double>(i + 1), -kZipfExponent);
  }
  SplitMix random(kDrawSeed);
  std::vector<uint32_t> draws(kDraws);
  for (uint32_t& draw : draws) {
    const auto at = std::upper_bound(sums.begin(), sums.end() - 1,
                                     random.NextFraction() * sum);
    draw = item_of[static_cast<size_t>(at - sums.begin())];
  }
  return draws;
}

std::vector<uint32_t> UniformDraws(size_t items) {
  SplitMix random(kDrawSeed);
  std::vector<uint32_t> draws(kDraws);
  for (uint32_t& draw : draws) {
    draw = static_cast<uint32_t>(random.Next() % items);
  }
  return draws;
}

}  // namespace

std::string_view NameOf(Distribution distribution) {
  switch (distribution) {
    case Distribution::kZipf:
      return "zipf";
    case Distribution::kUniform:
      return "uniform";
    case Distribution::kHot:
      break;
  }
  return "hot";
}

std::vector<uint32_t> ItemsByRank(size_t items) {
  SplitMix random(kRankSeed);
  std::vector<uint32_t> item_of(items);
  std::iota(item_of.begin(), item_of.end(), 0);
  for (size_t i = items; i > 1; --i) {
    std::swap(item_of[i - 1], item_of[random.Next() % i]);
  }
  return item_of;
}

std::vector<uint32_t> MakeDraws(Distribution distribution, size_t items) {
  assert(items > 0);
  switch (distribution) {
    case Distribution::kZipf:
      return ZipfDraws(items);
    case Distribution::kUniform:
      return UniformDraws(items);
    case Distribution::kHot:
      break;
  }
  return std::vector<uint32_t>(kDraws, ItemsByRank(items).front());
}

}  // namespace appcache::bench
