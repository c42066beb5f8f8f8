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
  // 64 points with the least distance, and then 64 for each e-fold age: half of
  // the room is enough for an age of 64 * e^15 steps, or 200 million. What is
  // older goes.
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
