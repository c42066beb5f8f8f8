#include "engine/residency/shared_sum.h"

namespace appcache::residency {

void SharedSum::Settle(Part& part) noexcept {
  const int64_t wanted = step();
  total_.fetch_add(wanted - part.in_advance_, std::memory_order_relaxed);
  part.in_advance_ = wanted;
}

bool SharedSum::TryTake(Part& part, int64_t delta) noexcept {
  assert(delta > part.in_advance_);
  // Nothing in advance near the limit: others would miss it.
  const int64_t near = limit_ - limit_ / 8;
  int64_t old = total_.load(std::memory_order_relaxed);
  int64_t taken = 0;
  do {
    const int64_t needed = old + delta - part.in_advance_;
    if (needed > limit_) return false;
    taken = needed <= near ? step() : 0;
    taken += delta - part.in_advance_;
  } while (!total_.compare_exchange_weak(old, old + taken,
                                         std::memory_order_relaxed));
  part.in_advance_ += taken - delta;
  return true;
}

}  // namespace appcache::residency
