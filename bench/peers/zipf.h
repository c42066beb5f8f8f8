// The keys and the order of accesses that all peers get, in C++ and in Java.

#ifndef APPCACHE_BENCH_PEERS_ZIPF_H_
#define APPCACHE_BENCH_PEERS_ZIPF_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace appcache::bench {

// Keys are "pyappcache/userdata/10000123": 28 bytes.
inline constexpr std::string_view kPeerSegment = "userdata";
inline constexpr size_t kPeerValueBytes = 256;

// SplitMix64 (S. Vigna). CaffeineBench.java has the same.
class SplitMix {
 public:
  explicit SplitMix(uint64_t seed) : state_(seed) {}
  uint64_t Next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  // From 0 to 1.
  double NextFraction() { return static_cast<double>(Next() >> 11) * 0x1p-53; }

 private:
  uint64_t state_;
};

// 2^20 draws from 0 to items - 1, the same ones in every run. The probability
// of the item of rank r is proportional to 1 / r^0.99; ranks are shuffled, so
// that hot items are not neighbours.
std::vector<uint32_t> ZipfOrder(size_t items);
// The same number of draws, all items being equally likely.
std::vector<uint32_t> EvenOrder(size_t items);

}  // namespace appcache::bench

#endif  // APPCACHE_BENCH_PEERS_ZIPF_H_
