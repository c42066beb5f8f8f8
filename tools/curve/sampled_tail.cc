#include "tools/curve/sampled_tail.h"

#include <algorithm>
#include <cmath>

namespace appcache::curve {

void SampledTail::Access(uint64_t key, double missing) {
  ++accesses_;
  const uint64_t depth = stack_.Take(key);
  if (depth == StackDistances::kFirst) return;
  const auto above = static_cast<uint64_t>(std::llround(missing * rate_));
  const uint64_t usual = depth > above ? depth - above : 1;
  if (usual >= counts_.size()) {
    counts_.resize(std::max<size_t>(usual + 1, 2 * counts_.size()), 0);
  }
  ++counts_[usual];
}

double SampledTail::ShareWithin(double depth) const {
  if (accesses_ == 0 || depth <= 0) return 0;
  const double limit = depth * rate_;
  double within = 0;
  for (size_t i = 1; i < counts_.size(); ++i) {
    // A sampled key stands for keys at depths from (i - 1) / rate to i / rate.
    const double share =
        std::clamp(limit - static_cast<double>(i - 1), 0.0, 1.0);
    if (share == 0) break;
    within += share * static_cast<double>(counts_[i]);
  }
  return within / static_cast<double>(accesses_);
}

}  // namespace appcache::curve
