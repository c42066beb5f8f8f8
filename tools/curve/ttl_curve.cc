#include "tools/curve/ttl_curve.h"

#include <algorithm>
#include <functional>

namespace appcache::curve {

void TtlCurve::Request(uint64_t key, int64_t now, int64_t ttl) {
  Advance(now);
  curve_.Request(key);
  if (!expiries_.contains(key)) SetExpiry(key, ttl);
}

void TtlCurve::Insert(uint64_t key, int64_t now, int64_t ttl) {
  Advance(now);
  curve_.Insert(key);
  SetExpiry(key, ttl);
}

void TtlCurve::Remove(uint64_t key, int64_t now) {
  Advance(now);
  curve_.Remove(key);
  expiries_.erase(key);
}

void TtlCurve::Advance(int64_t now) {
  now_ = std::max(now_, now);
  while (!order_.empty() && order_.front().first <= now_) {
    const auto [expiry, key] = order_.front();
    std::pop_heap(order_.begin(), order_.end(), std::greater<>());
    order_.pop_back();
    const auto found = expiries_.find(key);
    if (found == expiries_.end() || found->second != expiry) continue;
    expiries_.erase(found);
    curve_.Remove(key);
  }
  // Half of them are stale, so this takes constant time a call, on average.
  if (order_.size() > 2 * expiries_.size() + kMostStale) RebuildOrder();
}

void TtlCurve::RebuildOrder() {
  order_.clear();
  for (const auto& [key, expiry] : expiries_) {
    if (expiry != kNever) order_.push_back({expiry, key});
  }
  std::make_heap(order_.begin(), order_.end(), std::greater<>());
}

void TtlCurve::SetExpiry(uint64_t key, int64_t ttl) {
  const int64_t expiry = ttl <= 0 || ttl > kNever - now_ ? kNever : now_ + ttl;
  expiries_[key] = expiry;
  if (expiry == kNever) return;
  order_.push_back({expiry, key});
  std::push_heap(order_.begin(), order_.end(), std::greater<>());
}

}  // namespace appcache::curve
