#include "engine/policy/request_times.h"

#include <algorithm>
#include <cassert>

namespace appcache::policy {

RequestTimes::RequestTimes(int64_t tick, double step) : step_(step) {
  assert(step > 0);
  points_.reserve(kMost);
  points_.push_back({tick, 0});
}

void RequestTimes::Append(const Point& point) noexcept {
  const Point& last = points_.back();
  assert(point.requests >= last.requests);
  if (point.requests - last.requests < step_) return;
  if (points_.size() == kMost) Thin();
  // Points of threads that run side by side may be out of order by a little.
  points_.push_back(
      {std::max(point.tick, points_.back().tick), point.requests});
}

void RequestTimes::Thin() noexcept {
  const double newest = points_.back().requests;
  // From the newest to the oldest, which both stay.
  auto kept = points_.rbegin();
  for (auto point = kept + 1; point != points_.rend(); ++point) {
    const bool is_oldest = point + 1 == points_.rend();
    const double age = newest - point->requests;
    if (is_oldest || kept->requests - point->requests >= age * kSpacing) {
      *++kept = *point;
    }
  }
  points_.erase(points_.begin(), kept.base() - 1);
  // A point for each step of 1/128 in age: less than 128 * ln(2^53) in all, and
  // half of the room for a trace of 2^20 steps. If even that is full, the
  // oldest go.
  if (points_.size() > kMost / 2) {
    points_.erase(points_.begin(),
                  points_.end() - static_cast<ptrdiff_t>(kMost / 2));
  }
}

double RequestTimes::RequestsAt(int64_t tick, const Point& now) const noexcept {
  const auto after = std::upper_bound(
      points_.begin(), points_.end(), tick,
      [](int64_t wanted, const Point& point) { return wanted < point.tick; });
  if (after == points_.begin()) return points_.front().requests;
  const Point& begin = *(after - 1);
  const Point& end = after == points_.end() ? now : *after;
  if (tick >= end.tick) return end.requests;
  const double share = static_cast<double>(tick - begin.tick) /
                       static_cast<double>(end.tick - begin.tick);
  return begin.requests + share * (end.requests - begin.requests);
}

}  // namespace appcache::policy
