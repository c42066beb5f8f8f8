// Histogram: counts latencies in buckets whose width grows with the value.
// Percentiles have a relative error of at most 1/32 over the whole range of
// uint64_t; the memory is 15 KiB.

#ifndef APPCACHE_TOOLS_HISTOGRAM_HISTOGRAM_H_
#define APPCACHE_TOOLS_HISTOGRAM_HISTOGRAM_H_

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace appcache {

class Histogram {
 public:
  void Record(uint64_t value) noexcept {
    ++counts_[BucketOf(value)];
    ++count_;
    sum_ += static_cast<double>(value);
    min_ = std::min(min_, value);
    max_ = std::max(max_, value);
  }

  uint64_t count() const noexcept { return count_; }
  // Exact; 0 when nothing was recorded.
  uint64_t min() const noexcept { return count_ == 0 ? 0 : min_; }
  uint64_t max() const noexcept { return max_; }

  // 0 when nothing was recorded.
  double mean() const noexcept {
    return count_ == 0 ? 0 : sum_ / static_cast<double>(count_);
  }

  // The smallest value such that at least part / whole of the recorded values
  // are not larger. Exact below 64, otherwise at most 1/32 too large. 0 when
  // nothing was recorded. REQUIRES: part <= whole, whole > 0, and count() *
  // whole < 2^64.
  uint64_t Quantile(uint64_t part, uint64_t whole) const noexcept {
    assert(whole > 0 && part <= whole);
    const uint64_t rank =
        std::max<uint64_t>(1, (count_ * part + whole - 1) / whole);
    uint64_t seen = 0;
    for (size_t bucket = 0; bucket < counts_.size(); ++bucket) {
      seen += counts_[bucket];
      if (seen >= rank) return std::min(max_, LargestIn(bucket));
    }
    return max_;
  }
  // The quantile of per_mille / 1000.
  uint64_t Percentile(unsigned per_mille) const noexcept {
    return Quantile(per_mille, 1000);
  }

  // Adds everything that `other` has recorded.
  void Merge(const Histogram& other) noexcept {
    for (size_t bucket = 0; bucket < counts_.size(); ++bucket) {
      counts_[bucket] += other.counts_[bucket];
    }
    count_ += other.count_;
    sum_ += other.sum_;
    min_ = std::min(min_, other.min_);
    max_ = std::max(max_, other.max_);
  }

 private:
  // Each power of two is split into this many buckets of equal width.
  static constexpr int kSplitBits = 5;
  static constexpr size_t kSplit = size_t{1} << kSplitBits;
  static constexpr size_t kBuckets = (64 - kSplitBits + 1) * kSplit;

  // Each value below kSplit has its own bucket. Above, the bucket is given by
  // the position of the leading one bit and the kSplitBits bits after it.
  static size_t BucketOf(uint64_t value) noexcept {
    if (value < kSplit) return static_cast<size_t>(value);
    const int shift = static_cast<int>(std::bit_width(value)) - 1 - kSplitBits;
    return static_cast<size_t>(shift) * kSplit +
           static_cast<size_t>(value >> shift);
  }

  static uint64_t LargestIn(size_t bucket) noexcept {
    if (bucket < kSplit) return bucket;
    const int shift = static_cast<int>(bucket / kSplit) - 1;
    const uint64_t first = uint64_t{bucket % kSplit + kSplit} << shift;
    return first + ((uint64_t{1} << shift) - 1);
  }

  std::array<uint64_t, kBuckets> counts_{};
  uint64_t count_ = 0;
  double sum_ = 0;
  uint64_t min_ = std::numeric_limits<uint64_t>::max();
  uint64_t max_ = 0;
};

}  // namespace appcache

#endif  // APPCACHE_TOOLS_HISTOGRAM_HISTOGRAM_H_
