#include "bench/frame/workload.h"

#include <cassert>
#include <numeric>

namespace appcache::bench {
namespace {

constexpr size_t kFirstNumber = 1'000'000;

}  // namespace

Workload::Workload(const std::string& prefix, size_t keys, size_t value_bytes)
    : value_(value_bytes, 'v'), step_(kStride % keys) {
  assert(keys > 0 && keys % kBatch == 0);
  assert(std::gcd(keys, kStride) == 1);
  for (size_t i = 0; i < keys; ++i) {
    paths_.push_back(prefix + std::to_string(kFirstNumber + i));
  }
  views_.assign(paths_.begin(), paths_.end());
}

}  // namespace appcache::bench
